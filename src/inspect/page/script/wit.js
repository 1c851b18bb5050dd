// WIT, coloured.

const WIT_WORDS = new Set(("package interface world use as import export include with type resource record variant enum flags func static " +
  "constructor async own borrow").split(" "));
const WIT_TYPES = new Set("u8 u16 u32 u64 s8 s16 s32 s64 f32 f64 bool char string list option result tuple stream future error-context map".split(" "));

function wit(text, element = "code") {
  const made = el(element, { class: element === "code" ? "mono" : null });
  for (const [token] of shown(text).matchAll(/\/\/[^\n]*|\/\*[\s\S]*?\*\/|%?[A-Za-z][A-Za-z0-9-]*|[^A-Za-z/%]+|[\s\S]/g)) {
    const kind = token.startsWith("//") || token.startsWith("/*") ? "c"
      : WIT_WORDS.has(token) ? "k" : WIT_TYPES.has(token) ? "t" : null;
    made.append(kind ? el("span", { class: kind }, token) : token);
  }
  return made;
}

const functions = (it) => it.functions.map((each) =>
  el("div", { class: "function" }, wit(each.wit), each.docs ? el("p", { class: "docs" }, each.docs) : null));
const whole = (it) => el("details", { class: "wit" }, el("summary", {}, "The interface as WIT"), el("pre", { tabindex: "0" }, wit(it.wit)));
