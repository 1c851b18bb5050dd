// Every shape, provided in JavaScript.

const same = (value) => value;

class Counter {
  #sum;

  constructor(start) {
    this.#sum = start;
  }

  add(amount) {
    this.#sum = (this.#sum + amount) | 0;
    return this.#sum;
  }

  value() {
    return this.#sum;
  }

  static join(left, right) {
    return new Counter(left.value() + right.value());
  }
}

export const shapes = {
  Counter,
  sameScalars: same,
  sameText: same,
  sameBytes: same,
  samePerson: same,
  samePeople: same,
  sameShape: same,
  sameColor: same,
  sameRights: same,
  sameOption: same,
  samePair: same,
  sameLong: same,
  sameSignedLong: same,
  without: (one, other) => ({
    read: one.read && !other.read,
    write: one.write && !other.write,
    executeAll: one.executeAll && !other.executeAll,
  }),
  divide(left, right) {
    if (right === 0) throw "division by zero";
    return Math.trunc(left / right);
  },
  mayFail(fail) {
    if (fail) throw undefined;
  },
  admit(people) {
    for (const person of people) {
      if (person.name === "") throw { tag: "empty" };
      if (person.name.includes("!")) throw { tag: "bad-letter", val: "!" };
      if (person.age < 18) throw { tag: "not-allowed", val: person };
    }
    return people.length;
  },
  sum: (values) => values.reduce((sum, value) => (sum + value) | 0, 0),
  concat: (values) => values.join(""),
  measure(value) {
    const points = [...value];
    const bytes = (point) => (point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4);
    return [points.length, points.reduce((sum, character) => sum + bytes(character.codePointAt(0)), 0)];
  },
  open: (start) => new Counter(start),
  close: (it) => it.value(),
  peek: (it) => it.value(),
};
