// Where the bytes go: a squarified treemap (Bruls, Huizing and van Wijk 2000) that opens level by level.

const KINDS = {
  component: ["#8fb3f5", "components"], "core-module": ["#7fcdb0", "core modules"], section: ["#e9c46a", "sections"],
  "function-group": ["#f0a58f", "functions of a crate, package or library"], rest: ["#c3cad4", "everything else"],
};

function sizes(panel, inspection) {
  const { tree, compressed, duplicates, savings } = inspection.sizes;
  const stage = el("div", { class: "tree", role: "group", "aria-label": "Sizes as areas" });
  const crumbs = el("nav", { class: "crumbs", "aria-label": "Where this is" });
  let path = [tree];

  const inside = (it) => (it.inside ?? []).filter((each) => each.size > 0).sort((a, b) => b.size - a.size);
  function go(to) {
    path = to;
    draw();
  }
  function draw() {
    const at = path[path.length - 1];
    crumbs.replaceChildren(...path.flatMap((each, index) => [
      index ? "›" : "",
      index < path.length - 1 ? el("button", { class: "linkish", type: "button", onclick: () => go(path.slice(0, index + 1)) }, each.name || "the file")
        : el("strong", { "aria-current": "true" }, each.name || "the file"),
    ]), el("span", {}, `${bytes(at.size)}`));
    const { width, height } = stage.getBoundingClientRect();
    stage.replaceChildren(...squarified(inside(at), 0, 0, width, height).flatMap((place) => boxes(place, at.size, path, 0)));
  }
  /** The box of a place, and where there is room those inside it. */
  function boxes({ it, x, y, w, h }, whole, way, depth) {
    if (w < 2 || h < 2) return [];
    const opens = it.inside?.length > 0;
    const to = [...way, it];
    const words = `${it.name}, ${bytes(it.size)}, ${Math.round((it.size / whole) * 100)} %`;
    const roomy = depth < 2 && w > 70 && h > 56 && opens;
    const box = el("button", { type: "button", class: opens ? "open" : null, title: shown(words), "aria-label": shown(opens ? `${words}; opens` : words),
      onclick: () => go(opens ? to : way) });
    Object.assign(box.style, { left: `${x}px`, top: `${y}px`, width: `${w}px`, height: `${h}px`, background: (KINDS[it.kind] ?? KINDS.rest)[0] });
    if (w <= 40 || h <= 20) box.style.padding = "0";
    else box.append(el("span", {}, it.name), w > 90 || h > 44 ? el("small", {}, bytes(it.size)) : "");
    if (!roomy) return [box];
    return [box, ...squarified(inside(it), x + 4, y + 24, w - 8, h - 28).flatMap((place) => boxes(place, it.size, to, depth + 1))];
  }
  new ResizeObserver(draw).observe(stage);
  const listed = (at) => (at.inside?.length ? el("ul", { class: "rows" }, at.inside.map((each) => el("li", {}, `${each.name}: ${bytes(each.size)}`, listed(each)))) : null);
  panel.append(el("h2", { class: "page" }, "Sizes"),
    el("p", { class: "lead" }, `${bytes(tree.size)}, ${bytes(compressed)} compressed. Click an area to open it.`), crumbs, stage,
    el("div", { class: "key", "aria-hidden": "true" }, Object.values(KINDS).map(([color, name]) => {
      const swatch = el("i");
      swatch.style.background = color;
      return el("span", {}, swatch, name);
    })),
    el("details", { class: "wit" }, el("summary", {}, "The sizes as text"), listed(tree)));
  if (duplicates.length) {
    panel.append(el("h3", {}, "There more than once"), table([{ name: "Where" }, { name: "How alike" }, { name: "Size of one", number: true }],
      duplicates.map((each) => [el("ul", {}, each.places.map((place) => el("li", {}, place))), each.same === "whole" ? "byte for byte" : "but for names", bytes(each.size)])));
  }
  if (savings.length) {
    panel.append(el("h3", {}, "What could be saved"), table([{ name: "By" }, { name: "Bytes", number: true }], savings.map((each) => [each.source ? `${each.by} (${each.source})` : each.by, each.size === null ? "not measured" : bytes(each.size)])));
  }
}

/** Rectangles as near to squares as can be, row by row along the shorter side. */
function squarified(items, left, top, width, height) {
  const total = items.reduce((sum, it) => sum + it.size, 0);
  if (!total || width < 2 || height < 2) return [];
  const scale = (width * height) / total;
  const placed = [];
  let [x, y, w, h] = [left, top, width, height];
  let at = 0;
  while (at < items.length && w > 0.5 && h > 0.5) {
    const side = Math.min(w, h);
    let [end, sum, worst] = [at, 0, Infinity];
    while (end < items.length) {
      const next = sum + items[end].size * scale;
      const [largest, least] = [items[at].size * scale, items[end].size * scale];
      const ratio = Math.max((side * side * largest) / (next * next), (next * next) / (side * side * least));
      if (ratio > worst) break;
      [worst, sum, end] = [ratio, next, end + 1];
    }
    const thick = sum / side;
    let along = 0;
    for (const it of items.slice(at, end)) {
      const long = (it.size * scale) / thick;
      placed.push(w >= h ? { it, x, y: y + along, w: thick, h: long } : { it, x: x + along, y, w: long, h: thick });
      along += long;
    }
    if (w >= h) [x, w] = [x + thick, w - thick];
    else [y, h] = [y + thick, h - thick];
    at = end;
  }
  return placed;
}
