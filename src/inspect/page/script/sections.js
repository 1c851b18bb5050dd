// The other sections, each from its part of the data.

function interfaces(panel, inspection) {
  const all = Object.entries(inspection.graph.interfaces);
  const { nodes, edges } = inspection.graph;
  const list = el("div", {});
  const words = el("input", { class: "filter", type: "search", placeholder: "Filter by name, function or docs", "aria-label": "Filter interfaces" });
  const none = el("p", { class: "lead", hidden: true, role: "status" }, "Nothing of that name.");
  const cards = all.map(([name, face]) => {
    const users = (kind) => [...new Set(edges.filter((edge) => edge.interface === name && edge.kind === "wire").map((edge) => nodes[edge[kind]]?.name))];
    const [from, to] = [users("from"), users("to")];
    const note = from.length ? `${from.join(", ")} → ${to.join(", ")}` : counted(face.functions.length, "function", "functions");
    const made = el("article", { class: "card", "data-interface": name, tabindex: "-1" },
      el("header", {}, el("h2", { class: "mono" }, name), el("small", {}, note)),
      face.docs ? el("p", { class: "docs" }, face.docs) : null, functions(face), whole(face));
    const text = [name, face.docs ?? "", face.wit, ...face.functions.map((each) => each.docs ?? "")].join("\n").toLowerCase();
    return { made, text };
  });
  words.addEventListener("input", () => {
    const wanted = words.value.trim().toLowerCase();
    cards.forEach(({ made, text }) => { made.hidden = !text.includes(wanted); });
    none.hidden = cards.some(({ made }) => !made.hidden);
  });
  list.append(...cards.map(({ made }) => made));
  panel.append(el("h2", { class: "page" }, "Interfaces"), el("p", { class: "lead" }, "What parts ask of one another and of the host, with its docs."), words, none, list);
  return (name) => {
    words.value = "";
    words.dispatchEvent(new Event("input"));
    const found = [...list.children].find((it) => it.dataset.interface === name);
    found?.scrollIntoView({ block: "start" });
    found?.focus({ preventScroll: true });
  };
}

function needs(panel, inspection) {
  const chip = (kind, words, title) => el("li", { class: `chip ${kind}`, title }, words);
  const list = (chips) => (chips.length ? el("ul", { class: "chips" }, chips) : el("p", { class: "docs" }, "nothing"));
  panel.append(el("h2", { class: "page" }, "Needs"),
    el("p", { class: "lead" }, "Closed is proof: the binary cannot do it. Linked is what it could do if its code calls it. Evidence is what its code looks like it " +
      "does, and no proof of either; what it may do is decided by what it is granted."),
    ...inspection.needs.parts.map((part) => card(part.name, null, el("div", { class: "three" },
      el("section", {}, el("h3", {}, "Linked"), list(part.linked.map((each) => chip("bad", each.words, each.interfaces.join(", "))))),
      el("section", {}, el("h3", {}, "Closed"), list(part.closed.map((each) => chip("good", each.words.replace(/^may /, ""), {
        "not-imported": "no import asks for it", denied: "refused inside the component", "met-inside": "other parts meet it",
      }[each.by])))),
      el("section", {}, el("h3", {}, "Evidence"), evidence(part.evidence))))));
}

function evidence(all) {
  if (!all.length) return el("p", { class: "docs" }, "none was looked for");
  const used = all.filter((each) => each.found === "use");
  const unused = all.filter((each) => each.found !== "use" && !each.reasons.length);
  const told = all.filter((each) => each.found !== "use" && each.reasons.length);
  const row = (words, each) => el("li", {}, `${words} ${each.capability}`, el("small", {}, each.reasons.join("; ")));
  return el("ul", { class: "rows" }, used.map((each) => row("uses", each)), told.map((each) => row("does not seem to use", each)),
    unused.length ? el("li", {}, `does not seem to use ${unused.map((each) => each.capability).join(", ")}`) : null);
}

function versions(panel, inspection) {
  const words = (all) => all.join(", ");
  panel.append(el("h2", { class: "page" }, "Versions"), el("p", { class: "lead" }, "Which version of which WIT package who brings in."),
    table([{ name: "Package" }, { name: "Version" }, { name: "By" }], inspection.versions.map((version) => [
      el("span", { class: "mono" }, version.package), el("span", { class: "mono" }, version.version ?? "none"),
      el("ul", {}, version.by.map((use) => el("li", {}, el("strong", {}, use.name),
        use.imports.length ? ` imports ${words(use.imports)}` : "", use.exports.length ? ` exports ${words(use.exports)}` : ""))),
    ])));
}

function producers(panel, inspection) {
  const made = (each) => Object.values(each.producers).flatMap((names) => Object.entries(names)).map(([name, version]) => `${name} ${version}`.trim());
  panel.append(el("h2", { class: "page" }, "Producers"), el("p", { class: "lead" }, "Who made what, as the binary's own sections say."),
    table([{ name: "What" }, { name: "Language" }, { name: "Made by" }, { name: "Size", number: true }], inspection.producers.map((each) => [
      each.path.join(" › ") || "the file", each.origin ? language(each.origin) : "",
      el("ul", { class: "chips" }, made(each).map((tool) => el("li", { class: "chip" }, tool))), bytes(each.size),
    ])));
}

function packages(panel, inspection) {
  const role = (it) => it.properties?.find((property) => property.name === "mosaic:role")?.value ?? "";
  const rows = (inside) => inside.map((it) => ({
    text: `${it.name} ${it.purl}`.toLowerCase(),
    cells: [el("span", { class: "mono" }, it.name), el("span", { class: "mono" }, it.version ?? ""), (it.purl ?? "").split("/")[0].replace("pkg:", ""), role(it),
      it.licenses?.map((each) => each.expression ?? each.license?.id ?? "").join(", ") ?? ""],
  }));
  const headings = ["Package", "Version", "From", "As", "Licence"].map((name) => ({ name }));
  const own = inspection.sbom.metadata.component;
  const groups = [own, ...inspection.sbom.components].filter((it) => it.components?.length).map((it) => ({ it, rows: rows(it.components) }));
  panel.append(el("h2", { class: "page" }, "Packages"),
    el("p", { class: "lead" }, "What the binary itself says is inside, under the component that it is in. Also as a document: cargo mosaic inspect --sbom."),
    ...(groups.length ? groups.map((group) => card(group.it.name, counted(group.rows.length, "package", "packages"), table(headings, group.rows.map((row) => row.cells), "even")))
      : [el("p", { class: "lead" }, "No section of it names any.")]));
  return groups.flatMap((group) => group.rows.map((row) => ({ ...row, group: group.it.name })));
}
