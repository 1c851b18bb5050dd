// What a page is made of. Nothing is ever parsed as markup: words from the binary become text, and nothing else.

const byId = (id) => document.getElementById(id);

/** Foreign words without what is not seen: control characters, and those that turn the direction of writing. */
const shown = (words) =>
  String(words ?? "").replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufffe\uffff]/g, "\ufffd");

/** An element with attributes, listeners (`onclick`) and children: elements, or words. */
function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : shown(child))));
  return made;
}

function bytes(size) {
  if (size < 1e3) return `${size} B`;
  if (size < 1e6) return `${(size / 1e3).toFixed(1)} kB`;
  return `${(size / 1e6).toFixed(1)} MB`;
}

const counted = (count, one, several) => `${count} ${count === 1 ? one : several}`;
const LANGUAGES = { rust: "Rust", go: "Go", tinygo: "TinyGo", python: "Python", javascript: "JavaScript", c: "C", "c++": "C++" };
const language = (origin) => LANGUAGES[origin.language] ?? origin.language;

function table(headings, rows, look) {
  const cell = (kind, value, heading) => el(kind, { class: heading.number && "number", scope: kind === "th" ? "col" : null }, value);
  return el("table", { class: look },
    el("thead", {}, el("tr", {}, headings.map((heading) => cell("th", heading.name, heading)))),
    el("tbody", {}, rows.map((row) => el("tr", {}, row.map((value, at) => cell("td", value, headings[at]))))));
}

const card = (title, note, ...body) =>
  el("article", { class: "card" }, el("header", {}, el("h2", {}, title), note ? el("small", {}, note) : null), body);
