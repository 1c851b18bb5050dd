// One field for everything: parts, interfaces, functions, packages.

function search(entries) {
  const field = byId("search");
  const list = byId("hits");
  let hits = [];
  let at = -1;

  function close() {
    list.hidden = true;
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
    at = -1;
  }
  function mark(text, words) {
    const found = text.toLowerCase().indexOf(words);
    if (found < 0) return [text];
    return [text.slice(0, found), el("mark", {}, text.slice(found, found + words.length)), text.slice(found + words.length)];
  }
  function select(index) {
    at = index;
    [...list.children].forEach((it, place) => it.setAttribute("aria-selected", String(place === at)));
    const it = list.children[at];
    if (it) {
      field.setAttribute("aria-activedescendant", it.id);
      it.scrollIntoView({ block: "nearest" });
    }
  }
  function look() {
    const words = field.value.trim().toLowerCase();
    if (!words) return close();
    // A name that begins so comes before one that has it inside, and that before docs.
    const rank = (entry) => {
      const name = entry.name.toLowerCase().indexOf(words);
      if (name >= 0) return name === 0 || /[^a-z0-9]/.test(entry.name[name - 1]) ? 0 : 1;
      return entry.more.toLowerCase().includes(words) ? 2 : 9;
    };
    hits = entries.map((entry) => [rank(entry), entry]).filter(([found]) => found < 9).sort((a, b) => a[0] - b[0]).slice(0, 60).map(([, entry]) => entry);
    list.replaceChildren(...(hits.length ? hits.map((entry, index) => el("li", { role: "option", id: `hit-${index}`, "aria-selected": "false", onmousedown: (event) => {
      event.preventDefault();
      go(entry);
    } }, el("span", { class: "kind" }, entry.kind), el("div", {}, el("b", {}, mark(shown(entry.name), words)), el("small", {}, mark(shown(entry.more.split("\n")[0]), words)))))
      : [el("li", { class: "none", role: "option", "aria-disabled": "true" }, "Nothing of that name")]));
    list.hidden = false;
    field.setAttribute("aria-expanded", "true");
    if (hits.length) select(0);
  }
  function go(entry) {
    close();
    field.value = "";
    field.blur();
    entry.go();
  }
  field.addEventListener("input", look);
  field.addEventListener("focus", look);
  field.addEventListener("blur", close);
  field.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (hits.length) select((at + (event.key === "ArrowDown" ? 1 : hits.length - 1)) % hits.length);
    } else if (event.key === "Enter" && hits[at] && !list.hidden) {
      event.preventDefault();
      go(hits[at]);
    } else if (event.key === "Escape") {
      field.value = "";
      close();
      field.blur();
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(INPUT|TEXTAREA)$/.test(document.activeElement?.tagName ?? "")) {
      event.preventDefault();
      field.focus();
    }
  });
}
