const DEEPEST = 4;

const utf8 = (text) => {
  const bytes = [];
  for (const character of text) {
    let code = character.codePointAt(0);
    // Half of a pair has no encoding.
    if (code >= 0xd800 && code <= 0xdfff) code = 0xfffd;
    if (code < 0x80) bytes.push(code);
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 63));
    else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
    else bytes.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
  }
  return Uint8Array.from(bytes);
};

// What is said while modules are loaded, at build time, is said when the instance is first called.
let early = [];
const streams = new Map();

const write = (open, text) => {
  if (early !== undefined) {
    early.push([open, text]);
    return;
  }
  if (!streams.has(open)) streams.set(open, open());
  const bytes = utf8(text);
  try {
    // The most that one such call may take.
    for (let at = 0; at < bytes.length; at += 4096) {
      streams.get(open).blockingWriteAndFlush(bytes.slice(at, at + 4096));
    }
  } catch {
    // Nobody listens any more.
  }
};

const flush = () => {
  const said = early;
  early = undefined;
  for (const [open, text] of said) write(open, text);
};

/** The function, called by the host: from its first call on, what is said is written at once. */
export const live = (target) =>
  function (...args) {
    if (early !== undefined) flush();
    return target.apply(this, args);
  };

const key = (name) => {
  if (typeof name === "symbol") return `[${name.toString()}]`;
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name) ? name : JSON.stringify(name);
};

const list = (open, items, close) => {
  if (items.length === 0) return open + close;
  const line = `${open} ${items.join(", ")} ${close}`;
  if (line.length <= 76 && !line.includes("\n")) return line;
  return `${open}\n${items.map((item) => `  ${item.replaceAll("\n", "\n  ")}`).join(",\n")}\n${close}`;
};

const shown = (value, path) => {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") {
    const kind = /^class\b/.test(Function.prototype.toString.call(value)) ? "class" : "Function";
    return `[${kind}: ${value.name || "(anonymous)"}]`;
  }
  if (Object.is(value, -0)) return "-0";
  if (typeof value !== "object" || value === null) return String(value);
  if (value instanceof Error) {
    const [title, stack] = [String(value), value.stack ?? ""];
    return stack.startsWith(title) ? stack : `${title}\n${stack}`.trimEnd();
  }
  if (path.includes(value)) return "[Circular]";
  const name = Object.getPrototypeOf(value)?.constructor?.name ?? "[Object: null prototype]";
  if (path.length >= DEEPEST) return Array.isArray(value) ? "[Array]" : `[${name}]`;
  const within = (item) => shown(item, [...path, value]);
  const title = ["Object", "Array"].includes(name) ? "" : `${name} `;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
  if (value instanceof RegExp) return String(value);
  if (Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))) {
    const items = Array.from(value.slice(0, 100), within);
    if (value.length > 100) items.push(`... ${value.length - 100} more`);
    return title + list("[", items, "]");
  }
  if (value instanceof Map) return title + list("{", Array.from(value, ([k, v]) => `${within(k)} => ${within(v)}`), "}");
  if (value instanceof Set) return title + list("{", Array.from(value, within), "}");
  const member = (name) => {
    const { get, set, value: held } = Object.getOwnPropertyDescriptor(value, name);
    return `${key(name)}: ${get || set ? "[Getter/Setter]" : within(held)}`;
  };
  const keys = Reflect.ownKeys(value).filter((name) => Object.prototype.propertyIsEnumerable.call(value, name));
  return title + list("{", keys.map(member), "}");
};

const plain = (value) => (typeof value === "string" ? value : shown(value, []));

// https://console.spec.whatwg.org/#formatter
const formatted = ([first, ...rest]) => {
  if (typeof first !== "string" || rest.length === 0) return [first, ...rest].map(plain).join(" ");
  const text = first.replace(/%[%sdifoOc]/g, (mark) => {
    if (mark === "%%") return "%";
    if (rest.length === 0) return mark;
    const value = rest.shift();
    if (mark === "%c") return "";
    if (mark === "%s") return plain(value);
    if (mark === "%o" || mark === "%O") return shown(value, []);
    if (typeof value === "symbol") return "NaN";
    if (typeof value === "bigint") return `${value}n`;
    return String(mark === "%f" ? Number.parseFloat(value) : Number.parseInt(value, 10));
  });
  return [text, ...rest.map(plain)].join(" ");
};

let indent = "";
const counts = new Map();
const timers = new Map();

const say = (open) => (...data) => {
  if (data.length > 0) write(open, `${indent}${formatted(data).replaceAll("\n", `\n${indent}`)}\n`);
};
const [out, err] = [say(getStdout), say(getStderr)];

const group = (...data) => {
  out(...data);
  indent += "  ";
};
const elapsed = (label, ...data) => {
  if (timers.has(label)) out(`${label}: ${Date.now() - timers.get(label)} ms`, ...data);
  else err(`Timer '${label}' does not exist`);
};

globalThis.console = {
  log: out,
  info: out,
  debug: out,
  dir: (value) => out(shown(value, [])),
  table: out,
  warn: err,
  error: err,
  trace: (...data) => err(`${["Trace", ...(data.length > 0 ? [formatted(data)] : [])].join(": ")}\n${new Error().stack}`),
  assert: (holds, ...data) => {
    if (holds) return;
    if (typeof data[0] === "string") err(`Assertion failed: ${data[0]}`, ...data.slice(1));
    else err("Assertion failed", ...data);
  },
  group,
  groupCollapsed: group,
  groupEnd: () => {
    indent = indent.slice(2);
  },
  count: (label = "default") => {
    counts.set(label, (counts.get(label) ?? 0) + 1);
    out(`${label}: ${counts.get(label)}`);
  },
  countReset: (label = "default") => void counts.delete(label),
  time: (label = "default") => void timers.set(label, Date.now()),
  timeLog: (label = "default", ...data) => elapsed(label, ...data),
  timeEnd: (label = "default") => {
    elapsed(label);
    timers.delete(label);
  },
};
