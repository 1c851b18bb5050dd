import { Html, html } from "./html.ts";
import type { Page, Product, Theme, Visitor } from "./types.ts";

const STYLE = `
:root { color-scheme: light; --paper: #fbf9f4; --ink: #26221c; --quiet: #6d665a; --line: #e2dccf; --tile: #1f5d78; }
:root.dark { color-scheme: dark; --paper: #191815; --ink: #ece7dc; --quiet: #a39b8b; --line: #37332b; --tile: #7ec3df; }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.55 Georgia, "Liberation Serif", serif }
header, main, footer { max-width: 46rem; margin: 0 auto; padding: 1.5rem }
header { display: flex; justify-content: space-between; align-items: baseline; border-bottom: 1px solid var(--line) }
h1 { font-size: 1.4rem; margin: 0; color: var(--tile); letter-spacing: .02em }
ul.products { list-style: none; padding: 0; display: grid; gap: 1rem }
ul.products li { border: 1px solid var(--line); border-radius: .4rem; padding: 1rem 1.25rem; display: grid; grid-template-columns: 1fr auto }
.price { font-variant-numeric: tabular-nums }
.note, .tags, footer { color: var(--quiet); font-size: .9rem }
.tags span { border: 1px solid var(--line); border-radius: 1rem; padding: 0 .6rem; margin-right: .3rem }
code { background: var(--line); border-radius: .25rem; padding: .1rem .35rem; font-size: .85rem }
`;

const money = (cents: number): string => `€ ${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, "0")}`;

function product(item: Product): Html {
  const tags = item.tags.map((tag) => html`<span>${tag}</span>`);
  return html`<li>
  <div><strong>${item.name}</strong>${item.note != null ? html`<div class="note">${item.note}</div>` : undefined}
  ${tags.length > 0 ? html`<div class="tags">${tags}</div>` : undefined}</div>
  <div class="price">${money(item.price)}</div>
</li>`;
}

function greeting(visitor: Visitor): Html {
  const times = visitor.visits == null ? "and we have lost count" : `visit number ${visitor.visits}`;
  const mail = visitor.email != null ? html` &lt;${visitor.email}&gt;` : undefined;
  return html`<p id="greeting">Good day, <strong>${visitor.name}</strong>${mail} (${visitor.roles.join(", ")}), ${times}.
<span class="note">Risk of this request: ${(visitor.risk * 100).toFixed(1)} %.</span></p>`;
}

function body(page: Page): Html {
  switch (page.tag) {
    case "catalogue": {
      const [visitor, products] = page.val;
      return html`${greeting(visitor)}<ul class="products">${products.map(product)}</ul>`;
    }
    case "sign-in":
      return html`<h2>Please sign in</h2>${page.val != null ? html`<p id="reason">We could not let you in: ${page.val}.</p>` : undefined}
<p><code>curl -d ada /sign-in</code> gives a token; send it as <code>Authorization: Bearer …</code></p>`;
    case "missing":
      return html`<h2>Nothing here</h2><p>There is no page <code>${page.val}</code>.</p>`;
  }
}

export const pages = {
  html(page: Page, theme: Theme): string {
    if (theme.title.trim() === "") throw "a page needs a title";
    return html`<!doctype html>
<html lang="en"${theme.dark ? new Html(' class="dark"') : undefined}>
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${theme.title}</title><style>${new Html(STYLE)}</style></head>
<body><header><h1>${theme.title}</h1></header>
<main>${body(page)}</main>
<footer>One component: Rust answered, Go knew you, Python weighed the risk, TypeScript made this page.</footer>
</body></html>
`.text;
  },
};
