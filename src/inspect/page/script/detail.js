// What was chosen in the picture, beside it.

function detail(inspection, links, choose, show) {
  const place = byId("detail");
  const { graph } = inspection;
  const name = (id) => graph.nodes[id]?.name ?? "";
  const node = (id) => el("button", { class: "linkish", type: "button", onclick: () => choose("node", id, { focus: true }) }, name(id));
  const link = (at, ...words) => el("button", { class: "linkish mono", type: "button", onclick: () => choose("link", at, { focus: true }) }, words);

  function ports(title, ports) {
    if (!ports.length) return null;
    const known = (port) => graph.interfaces[port.name];
    return [el("h3", {}, title), el("ul", { class: "rows" }, ports.map((port) => el("li", {},
      known(port) ? el("button", { class: "linkish mono", type: "button", onclick: () => show("interface", port.name) }, port.name)
        : el("span", { class: "mono" }, port.name),
      port.functions !== undefined ? el("small", {}, counted(port.functions, "function", "functions")) : null)))];
  }
  function openNode(id) {
    const it = graph.nodes[id];
    const kind = { part: "part", composition: "composition", denial: "denial", types: "types", imported: "imported component" }[it.kind];
    const facts = [
      it.origin && ["Written in", `${language(it.origin)}${it.origin.engine ? `, run by ${it.origin.engine}` : ""}`],
      it.origin?.because && ["Told by", it.origin.because],
      it.size > 0 && ["Size", bytes(it.size) + (it.shared ? `, and ${bytes(it.shared)} shared with others` : "")],
      it.modules.length > 0 && ["Core modules", String(it.modules.length)],
      it.tools.length > 0 && ["Made by", it.tools.map((tool) => `${tool.name} ${tool.version}`.trim()).join(", ")],
    ].filter(Boolean);
    const calls = links.map((each, at) => ({ ...each, at })).filter((each) => each.from === id && each.to !== id && graph.nodes[each.to].parent !== id);
    const called = links.map((each, at) => ({ ...each, at })).filter((each) => each.to === id);
    const rows = (title, all, other) => all.length ? [el("h3", {}, title), el("ul", { class: "rows" }, all.map((each) =>
      el("li", {}, other(each), el("small", {}, each.items.map((item, index) => [index ? ", " : "", link(each.at, item.export)])))))] : null;
    const host = graph.edges.filter((edge) => edge.from === id && edge.kind === "inward").map((edge) => edge.import);
    const outside = (each) => graph.nodes[each.to].parent === each.from || each.from === each.to;
    const needs = inspection.needs?.parts.find((part) => part.node === id);
    place.replaceChildren(
      el("p", { class: "over" }, id === 0 ? { component: "component", "core-module": "core module", "wit-package": "WIT package", precompiled: "precompiled" }[inspection.overview.kind] : kind),
      el("h2", {}, it.name || "without a name"),
      it.kind === "denial" ? el("p", { class: "docs" }, "Made by Mosaic: it answers every call that a part makes without a grant with a refusal, inside the component.") : "",
      el("dl", { class: "facts" }, facts.map(([term, value]) => [el("dt", {}, term), el("dd", {}, value)])),
      ...[
        needs && needs.linked.length ? [el("h3", {}, "May"), el("ul", { class: "rows" }, needs.linked.map((need) => el("li", {}, need.words.replace(/^may /, ""))))] : null,
        rows("Calls", calls, (each) => node(each.to)),
        rows("Called by", called, (each) => (outside(each) ? "whoever is outside" : node(each.from))),
        id !== 0 && host.length ? [el("h3", {}, "From the host"), el("ul", { class: "rows" }, host.map((each) => el("li", { class: "mono" }, each)))] : null,
        id === 0 ? ports("Exports", inspection.overview.exports) : null,
        id === 0 ? ports("Imports", inspection.overview.imports) : null,
        graph.unknown.length && id === 0 ? [el("h3", {}, "Not followed"), el("ul", { class: "rows" }, graph.unknown.map((each) => el("li", {}, each)))] : null,
      ].flat(Infinity).filter(Boolean));
  }
  function openLink(at) {
    const it = links[at];
    const isOutside = graph.nodes[it.to].parent === it.from || it.from === it.to;
    const denied = graph.nodes[it.to].kind === "denial";
    place.replaceChildren(
      el("p", { class: "over" }, isOutside ? "called from outside" : denied ? "refused" : "calls"),
      el("h2", {}, isOutside ? ["to ", node(it.to)] : [node(it.from), " → ", node(it.to)]),
      ...it.items.flatMap((item) => {
        const face = graph.interfaces[item.interface];
        return [
          el("h3", { class: "plain" }, item.export),
          item.name !== item.export ? el("p", { class: "docs" }, `imported as ${item.name}`) : null,
          face?.docs ? el("p", { class: "docs" }, face.docs) : null,
          face ? el("div", {}, functions(face), whole(face)) : el("p", { class: "docs" }, "Its types could not be read."),
        ].filter(Boolean);
      }));
  }
  return (kind, id) => {
    if (kind === "node") openNode(id);
    else openLink(id);
    place.scrollTop = 0;
  };
}
