// Calls every shape from JavaScript.

import * as shapes from "mosaic:matrix/shapes@0.1.0";

const { Counter } = shapes;

// Strings that go wrong first: empty, every plane of Unicode, a nought byte, right to left, joined emoji.
const TEXTS = ["", "plain", "é ß Ω \u07ff\u0800", "\uffff\u{10000}\u{1f9e9}\u{20000}\u{e0001}\u{10ffff}", "nought\0byte", "שלום 👩‍👩‍👧"];

function person(name, age) {
  const tags = Array.from({ length: age % 4 }, (_, n) => `tag ${n}`);
  return { name, age, email: age % 2 === 0 ? `${name}@example.com` : null, tags };
}

/** Values as text that is equal where they are, in an order of keys that does not depend on who made them. */
function text(value) {
  if (typeof value === "bigint") return `${value}`;
  if (typeof value === "number" || typeof value === "string" || typeof value === "boolean") return JSON.stringify(value);
  if (value === null || value === undefined) return "nothing";
  if (ArrayBuffer.isView(value) || Array.isArray(value)) return `[${Array.from(value, text).join()}]`;
  return `{${Object.keys(value).sort().filter((key) => value[key] !== undefined).map((key) => `${key}:${text(value[key])}`).join()}}`;
}

function outcome(call) {
  try {
    return { ok: call() };
  } catch (error) {
    return { err: error?.payload ?? error };
  }
}

function bytesOf(string) {
  return [...string].reduce((sum, letter) => {
    const point = letter.codePointAt(0);
    return sum + (point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4);
  }, 0);
}

function check() {
  const wrong = [];
  const same = (what, expected, found) => {
    const [left, right] = [text(expected), text(found)];
    if (left !== right) wrong.push(`${what}: expected ${left.slice(0, 200)}, found ${right.slice(0, 200)}`);
  };

  for (const [low, double] of [[true, 0], [false, 1.5], [true, -1e300]]) {
    const scalars = {
      truth: low,
      tiny: low ? 0 : 2 ** 8 - 1,
      small: low ? 0 : 2 ** 16 - 1,
      wide: low ? 0 : 2 ** 32 - 1,
      signedTiny: low ? -(2 ** 7) : 2 ** 7 - 1,
      signedSmall: low ? -(2 ** 15) : 2 ** 15 - 1,
      signedWide: low ? -(2 ** 31) : 2 ** 31 - 1,
      single: low ? 0.5 : 3.25,
      double,
      letter: low ? "a" : "\u{10ffff}",
    };
    same("same-scalars", scalars, shapes.sameScalars(scalars));
  }
  for (const string of TEXTS) {
    same("same-text", string, shapes.sameText(string));
    same("same-option", string, shapes.sameOption(string));
    same("same-pair", [string, 7], shapes.samePair([string, 7]));
    same("measure", [[...string].length, bytesOf(string)], shapes.measure(string));
  }
  const large = "ü🧩".repeat(100_000);
  same("same-text, large", large, shapes.sameText(large));
  same("same-option", null, shapes.sameOption(null));
  const bytes = Uint8Array.from({ length: 300_000 }, (_, n) => n % 256);
  same("same-bytes", bytes, shapes.sameBytes(bytes));
  same("same-bytes, none", [], shapes.sameBytes(new Uint8Array()));

  const people = Array.from({ length: 1000 }, (_, n) => person(TEXTS[n % TEXTS.length], n));
  same("same-person", people[3], shapes.samePerson(people[3]));
  same("same-people", people, shapes.samePeople(people));
  same("same-people, none", [], shapes.samePeople([]));
  for (const shape of [
    { tag: "point" },
    { tag: "circle", val: 2.5 },
    { tag: "polygon", val: [] },
    { tag: "polygon", val: [[0, 0], [1, -1]] },
    { tag: "portrait", val: person("ada", 36) },
  ]) {
    same("same-shape", shape, shapes.sameShape(shape));
  }
  for (const color of ["red", "green", "deep-blue"]) same("same-color", color, shapes.sameColor(color));
  const rights = (read, write, executeAll) => ({ read, write, executeAll });
  for (const some of [rights(false, false, false), rights(true, false, false), rights(false, true, true), rights(true, true, true)]) {
    same("same-rights", some, shapes.sameRights(some));
  }
  same("without", rights(false, false, true), shapes.without(rights(true, true, true), rights(true, true, false)));
  for (const long of [0n, 1n << 53n, (1n << 53n) + 1n, (1n << 64n) - 1n]) same("same-long", long, shapes.sameLong(long));
  for (const long of [0n, -1n, (1n << 53n) + 1n, -(1n << 53n) - 1n, -(1n << 63n), (1n << 63n) - 1n]) {
    same("same-signed-long", long, shapes.sameSignedLong(long));
  }

  same("divide", { ok: -3 }, outcome(() => shapes.divide(7, -2)));
  same("divide", { err: "division by zero" }, outcome(() => shapes.divide(7, 0)));
  same("may-fail", "ok" in outcome(() => shapes.mayFail(false)), true);
  same("may-fail", "err" in outcome(() => shapes.mayFail(true)), true);
  const admit = (...people) => outcome(() => shapes.admit(people));
  same("admit", { ok: 2 }, admit(person("ada", 36), person("alan", 41)));
  same("admit", { ok: 0 }, admit());
  same("admit", { err: { tag: "empty" } }, admit(person("ada", 36), person("", 41)));
  same("admit", { err: { tag: "bad-letter", val: "!" } }, admit(person("oh!", 41)));
  same("admit", { err: { tag: "not-allowed", val: person("kid", 9) } }, admit(person("kid", 9)));
  same("sum", 50_001, shapes.sum(Array.from({ length: 100_002 }, (_, n) => n - 50_000)));
  same("sum, none", 0, shapes.sum([]));
  same("concat", "a🧩b", shapes.concat(["a", "🧩", "", "b"]));

  const counter = new Counter(40);
  same("add", 42, counter.add(2));
  same("value", 42, counter.value());
  same("peek", 42, shapes.peek(counter));
  same("peek again", 42, shapes.peek(counter));
  const joined = Counter.join(counter, shapes.open(-2));
  same("join", 40, joined.value());
  same("close", 40, shapes.close(joined));
  for (let start = 0; start < 200; start++) same("close many", start, shapes.close(shapes.open(start)));
  return wrong;
}

export const run = {
  run() {
    const wrong = check();
    for (const line of wrong) console.log(line);
    if (wrong.length > 0) throw undefined;
    console.log("every shape arrived whole");
  },
};
