// Reads the data, makes what there is, and shows the first section.

const THEMES = {
  auto: ["as the system", ["M12 3v18", "M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0 -18", "M12 7a5 5 0 0 1 0 10"]],
  light: ["light", ["M12 8a4 4 0 1 0 0 8a4 4 0 1 0 0 -8", "M12 2v2M12 20v2M4.9 4.9l1.4 1.4M17.7 17.7l1.4 1.4M2 12h2M20 12h2M4.9 19.1l1.4 -1.4M17.7 6.3l1.4 -1.4"]],
  dark: ["dark", ["M20 14.5A8.5 8.5 0 1 1 9.5 4a7 7 0 0 0 10.5 10.5z"]],
};

function theme() {
  const button = byId("theme");
  const names = Object.keys(THEMES);
  let at = 0;
  const set = () => {
    const [words, paths] = THEMES[names[at]];
    if (at) document.documentElement.dataset.theme = names[at];
    else delete document.documentElement.dataset.theme;
    button.setAttribute("aria-label", `Theme: ${words}`);
    button.title = `Theme: ${words}`;
    const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    icon.setAttribute("viewBox", "0 0 24 24");
    icon.setAttribute("aria-hidden", "true");
    paths.forEach((d) => {
      const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
      path.setAttribute("d", d);
      icon.append(path);
    });
    button.replaceChildren(icon);
  };
  button.addEventListener("click", () => {
    at = (at + 1) % names.length;
    set();
  });
  set();
}

function tabs(sections) {
  const bar = byId("tabs");
  const made = new Map();
  function show(id, focus = false) {
    made.forEach((tab, other) => {
      const is = other === id;
      tab.setAttribute("aria-selected", String(is));
      tab.setAttribute("tabindex", is ? "0" : "-1");
      byId(`panel-${other}`).hidden = !is;
      if (is && focus) tab.focus();
    });
    byId("main").scrollTop = 0;
  }
  for (const { id, name, count } of sections) {
    const tab = el("button", { type: "button", role: "tab", id: `tab-${id}`, "aria-controls": `panel-${id}`, onclick: () => show(id) }, name,
      count === undefined ? null : el("span", { class: "count" }, String(count)));
    made.set(id, tab);
    bar.append(tab);
  }
  bar.addEventListener("keydown", (event) => {
    const ids = [...made.keys()];
    const at = ids.findIndex((id) => made.get(id) === document.activeElement);
    const to = { ArrowRight: (at + 1) % ids.length, ArrowLeft: (at + ids.length - 1) % ids.length, Home: 0, End: ids.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    show(ids[to], true);
  });
  return show;
}

function start() {
  const { inspection, links } = JSON.parse(byId("data").textContent);
  const { overview } = inspection;
  const kind = { component: "Component", "core-module": "Core module", "wit-package": "WIT package", precompiled: "Precompiled" }[overview.kind];
  byId("facts").append(...[kind, bytes(overview.size), counted(overview.parts.length, "part", "parts"),
    overview.counts.modules && counted(overview.counts.modules, "core module", "core modules"), `BLAKE3 ${overview.digest.slice(0, 16)}…`]
    .filter(Boolean).map((fact) => el("span", {}, fact)));
  theme();

  const sections = [
    inspection.graph && { id: "graph", name: "Graph" },
    inspection.graph && Object.keys(inspection.graph.interfaces).length > 0 && { id: "interfaces", name: "Interfaces", count: Object.keys(inspection.graph.interfaces).length },
    inspection.sizes && { id: "sizes", name: "Sizes" },
    inspection.needs && { id: "needs", name: "Needs" },
    inspection.versions && { id: "versions", name: "Versions", count: inspection.versions.length },
    inspection.producers && { id: "producers", name: "Producers" },
    inspection.sbom && { id: "packages", name: "Packages" },
    inspection.wit && { id: "wit", name: "WIT" },
  ].filter(Boolean);
  const open = tabs(sections);
  const has = (id) => sections.some((section) => section.id === id);
  const entries = [];
  let choose = () => {};
  let toInterface = () => {};

  if (has("interfaces")) {
    toInterface = interfaces(byId("panel-interfaces"), inspection);
    for (const [name, face] of Object.entries(inspection.graph.interfaces)) {
      const go = () => { open("interfaces"); toInterface(name); };
      entries.push({ kind: "interface", name, more: face.docs ?? "", go });
      face.functions.forEach((each) => entries.push({ kind: "function", name: each.name, more: `${name}\n${each.wit}\n${each.docs ?? ""}`, go }));
    }
  }
  if (has("graph")) {
    const panel = byId("panel-graph");
    panel.hidden = false;
    const show = detail(inspection, links, (...what) => choose(...what), (_, name) => { open("interfaces"); toInterface(name); });
    const picture = graph(inspection, links, show);
    choose = (...what) => { open("graph"); picture.choose(...what); };
    show("node", 0);
    byId("graph-text").append(graphText(inspection, links));
    inspection.graph.nodes.forEach((node) => {
      if (node.id && panel.querySelector(`[data-node="${node.id}"]`)) entries.unshift({ kind: "part", name: node.name, more: summary(node), go: () => choose("node", node.id, { focus: true }) });
    });
  }
  if (has("sizes")) sizes(byId("panel-sizes"), inspection);
  if (has("needs")) needs(byId("panel-needs"), inspection);
  if (has("versions")) versions(byId("panel-versions"), inspection);
  if (has("producers")) producers(byId("panel-producers"), inspection);
  if (has("packages")) {
    packages(byId("panel-packages"), inspection).forEach((row) => entries.push({ kind: "package", name: row.text.split(" ")[0], more: `${row.group} ${row.text}`, go: () => open("packages") }));
  }
  if (has("wit")) byId("panel-wit").append(el("h2", { class: "page" }, "The world as WIT"), el("pre", { tabindex: "0" }, wit(inspection.wit.text)));
  search(entries);
  if (sections.length) open(sections[0].id);
  performance.mark("ready");
  document.documentElement.dataset.ready = "";
}

start();
