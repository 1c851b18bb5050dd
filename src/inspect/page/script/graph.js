// The picture: moved, zoomed, gone through by keys, clicked.

// How small the picture may become, and how small it may be at first.
const [SMALLEST, READABLE] = [0.02, 0.3];
// What stays free around the whole, in pixels.
const MARGIN = 12;

function graph(inspection, links, open) {
  const stage = byId("stage");
  const svg = stage.querySelector("svg");
  const scene = svg.querySelector(".scene");
  const [left, top, width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
  svg.removeAttribute("viewBox");
  svg.setAttribute("width", "100%");
  svg.setAttribute("height", "100%");
  const nodes = new Map([...svg.querySelectorAll("[data-node]")].map((it) => [Number(it.dataset.node), it]));
  const lines = [...svg.querySelectorAll("[data-link]")];
  let at = { x: 0, y: 0, scale: 1 };
  let chosen = null;

  function draw() {
    scene.setAttribute("transform", `translate(${at.x} ${at.y}) scale(${at.scale})`);
    stage.classList.toggle("far", at.scale < 0.45);
  }
  /** Shows the whole, unless it would then be smaller than that: it starts where calls come in, at its upper end. */
  function fit(least) {
    const box = stage.getBoundingClientRect();
    if (!box.width) return;
    const scale = Math.min((box.width - 2 * MARGIN) / width, (box.height - 72) / height, 1.25);
    at = { scale: Math.max(scale, least), x: 0, y: 0 };
    at.x = Math.max((box.width - width * at.scale) / 2, MARGIN) - left * at.scale;
    at.y = Math.max((box.height - 36 - height * at.scale) / 2, MARGIN) - top * at.scale;
    draw();
  }
  function zoom(by, x, y) {
    const box = stage.getBoundingClientRect();
    [x, y] = [x ?? box.width / 2, y ?? box.height / 2];
    const scale = Math.min(Math.max(at.scale * by, SMALLEST), 4);
    at = { scale, x: x - ((x - at.x) * scale) / at.scale, y: y - ((y - at.y) * scale) / at.scale };
    draw();
  }
  /** Moves so that an element is seen, no further than need be. */
  function reveal(element) {
    const [seen, it] = [stage.getBoundingClientRect(), element.getBoundingClientRect()];
    if (at.scale < 0.45) zoom(0.8 / at.scale, it.x + it.width / 2 - seen.x, it.y + it.height / 2 - seen.y);
    const now = element.getBoundingClientRect();
    const way = (from, to, least, most) => (from < least ? least - from : to > most ? Math.max(most - to, least - from) : 0);
    at.x += way(now.left, now.right, seen.left + 24, seen.right - 24);
    at.y += way(now.top, now.bottom, seen.top + 24, seen.bottom - 48);
    draw();
  }

  function choose(kind, id, { focus = false } = {}) {
    chosen = { kind, id };
    const element = kind === "node" ? nodes.get(id) : lines.find((line) => Number(line.dataset.link) === id);
    const near = new Set();
    if (kind === "node") {
      near.add(id);
      links.forEach((link) => { if (link.from === id || link.to === id) near.add(link.from).add(link.to); });
    } else {
      near.add(links[id].from).add(links[id].to);
    }
    const isFile = kind === "node" && id === 0;
    nodes.forEach((it, node) => {
      it.classList.toggle("chosen", kind === "node" && node === id && !isFile);
      it.classList.toggle("faded", !isFile && it.classList.contains("node") && !near.has(node));
    });
    lines.forEach((line) => {
      const link = Number(line.dataset.link);
      const isNear = kind === "link" ? link === id : links[link].from === id || links[link].to === id;
      line.classList.toggle("chosen", isNear && !isFile);
      line.classList.toggle("faded", !isNear && !isFile);
    });
    if (element && focus) {
      reveal(element);
      roving(element);
    }
    open(kind, id);
  }
  function clear() {
    chosen = null;
    [...nodes.values(), ...lines].forEach((it) => it.classList.remove("chosen", "faded"));
    open("node", 0);
  }

  // One element of the picture can be reached by Tab; arrows go to its neighbours.
  const stops = [...lines, ...[...nodes].filter(([id]) => id !== 0).map(([, it]) => it)];
  stops.forEach((stop) => {
    stop.setAttribute("role", "button");
    stop.setAttribute("tabindex", "-1");
  });
  let stop = null;
  function roving(element) {
    stop?.setAttribute("tabindex", "-1");
    stop = element;
    stop.setAttribute("tabindex", "0");
    stop.focus({ preventScroll: true });
  }
  const first = [...nodes].find(([id, it]) => id !== 0 && it.classList.contains("node"))?.[1] ?? stops[0];
  if (first) (stop = first).setAttribute("tabindex", "0");
  function step(key) {
    const from = (stop ?? first)?.getBoundingClientRect();
    if (!from) return;
    const [x, y] = [from.x + from.width / 2, from.y + from.height / 2];
    const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
    let best = null;
    for (const other of stops) {
      if (other === stop) continue;
      const box = (other.querySelector(".label") ?? other).getBoundingClientRect();
      const [ox, oy] = [box.x + box.width / 2 - x, box.y + box.height / 2 - y];
      const [ahead, aside] = [ox * dx + oy * dy, Math.abs(ox * dy) + Math.abs(oy * dx)];
      const cost = ahead + aside * 2;
      if (ahead > 4 && (!best || cost < best.cost)) best = { cost, other };
    }
    if (best) {
      reveal(best.other);
      roving(best.other);
    }
  }
  stage.addEventListener("keydown", (event) => {
    const act = {
      "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(0.8), "0": () => fit(SMALLEST), Escape: clear,
      ArrowLeft: () => step(event.key), ArrowRight: () => step(event.key), ArrowUp: () => step(event.key), ArrowDown: () => step(event.key),
      Enter: () => activate(document.activeElement), " ": () => activate(document.activeElement),
    }[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey || event.target.closest(".zoom")) return;
    event.preventDefault();
    act();
  });
  function activate(element) {
    const it = element?.closest?.("[data-node], [data-link]");
    if (!it) return false;
    if (it.dataset.link !== undefined) choose("link", Number(it.dataset.link));
    else choose("node", Number(it.dataset.node));
    return true;
  }

  let drag = null;
  stage.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.target.closest(".zoom")) return;
    drag = { x: event.clientX, y: event.clientY, from: { ...at }, moved: false, target: event.target };
  });
  stage.addEventListener("pointermove", (event) => {
    if (!drag) return;
    const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
    if (!drag.moved && Math.hypot(dx, dy) < 4) return;
    if (!drag.moved) stage.setPointerCapture(event.pointerId);
    drag.moved = true;
    stage.classList.add("moving");
    at = { ...drag.from, x: drag.from.x + dx, y: drag.from.y + dy };
    draw();
  });
  const drop = () => {
    const was = drag;
    drag = null;
    stage.classList.remove("moving");
    if (!was || was.moved) return;
    const element = was.target.closest("[data-node], [data-link]");
    if (element && element.classList.contains("frame") && Number(element.dataset.node) === 0) clear();
    else if (!activate(was.target)) clear();
    else if (element) roving(element);
  };
  stage.addEventListener("pointerup", drop);
  stage.addEventListener("pointercancel", () => { drag = null; stage.classList.remove("moving"); });
  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    const box = stage.getBoundingClientRect();
    zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0018)), event.clientX - box.x, event.clientY - box.y);
  }, { passive: false });
  byId("zoom-in").addEventListener("click", () => zoom(1.25));
  byId("zoom-out").addEventListener("click", () => zoom(0.8));
  byId("zoom-fit").addEventListener("click", () => fit(SMALLEST));
  new ResizeObserver(() => { if (!chosen) fit(READABLE); }).observe(stage);
  fit(READABLE);
  return { choose };
}

/** The same for those who do not see the picture. */
function graphText(inspection, links) {
  const { nodes } = inspection.graph;
  const below = (parent) => {
    const inside = nodes[parent].origin?.engine ? [] : nodes.filter((node) => node.parent === parent);
    if (!inside.length) return null;
    return el("ul", {}, inside.map((node) => el("li", {}, el("strong", {}, node.name), ` ${summary(node)}`,
      el("ul", {}, links.filter((link) => link.from === node.id && link.to !== node.id && nodes[link.to].parent !== node.id).map((link) =>
        el("li", {}, `calls ${nodes[link.to].name}: ${link.items.map((item) => item.export).join(", ")}`))),
      below(node.id))));
  };
  return below(0) ?? el("p", {}, `${nodes[0].name}: ${summary(nodes[0])}`);
}

function summary(node) {
  const kind = { composition: "composition", denial: "refuses what is not granted", types: "types alone", imported: "from the host" }[node.kind];
  const words = [kind ?? (node.origin && language(node.origin)), node.size + node.shared > 0 && bytes(node.size + node.shared)];
  return words.filter(Boolean).join(", ");
}
