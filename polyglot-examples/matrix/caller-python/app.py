"""Calls every shape from Python."""

import math
from typing import Any, Callable

from componentize_py_types import Err, Ok
from wit_world import exports
from wit_world.imports import shapes
from wit_world.imports.shapes import (
    Color,
    Counter,
    Failure_BadLetter,
    Failure_Empty,
    Failure_NotAllowed,
    Person,
    Rights,
    Scalars,
    Shape_Circle,
    Shape_Point,
    Shape_Polygon,
    Shape_Portrait,
)

# Strings that go wrong first: empty, every plane of Unicode, a nought byte, right to left, joined emoji.
TEXTS = ["", "plain", "é ß Ω \u07ff\u0800", "\uffff\U00010000\U0001f9e9\U00020000\U000e0001\U0010ffff", "nought\0byte", "שלום 👩‍👩‍👧"]


def person(name: str, age: int) -> Person:
    email = f"{name}@example.com" if age % 2 == 0 else None
    return Person(name=name, age=age, email=email, tags=[f"tag {n}" for n in range(age % 4)])


def outcome(call: Callable[[], Any]) -> Any:
    """`Ok(value)`, or the error that was raised."""
    try:
        return Ok(call())
    except Err as error:
        return Err(error.value)


def check() -> list[str]:
    wrong: list[str] = []

    def same(what: str, expected: Any, found: Any) -> None:
        # An error is an exception and knows no equality: its text does.
        if expected != found and repr(expected) != repr(found):
            wrong.append(f"{what}: expected {expected!r:.200}, found {found!r:.200}")

    for low, value in [(True, 0.0), (False, 1.5), (True, -1e300)]:
        scalars = Scalars(
            truth=low,
            tiny=0 if low else 2**8 - 1,
            small=0 if low else 2**16 - 1,
            wide=0 if low else 2**32 - 1,
            signed_tiny=-(2**7) if low else 2**7 - 1,
            signed_small=-(2**15) if low else 2**15 - 1,
            signed_wide=-(2**31) if low else 2**31 - 1,
            single=0.5 if low else math.inf,
            double=value,
            letter="a" if low else "\U0010ffff",
        )
        same("same-scalars", scalars, shapes.same_scalars(scalars))
    for text in TEXTS:
        same("same-text", text, shapes.same_text(text))
        same("same-option", text, shapes.same_option(text))
        same("same-pair", (text, 7), shapes.same_pair((text, 7)))
        same("measure", (len(text), len(text.encode())), shapes.measure(text))
    large = "ü🧩" * 100_000
    same("same-text, large", large, shapes.same_text(large))
    same("same-option", None, shapes.same_option(None))
    data = bytes(range(256)) * 1200
    same("same-bytes", data, shapes.same_bytes(data))
    same("same-bytes, none", b"", shapes.same_bytes(b""))

    people = [person(TEXTS[n % len(TEXTS)], n) for n in range(1000)]
    same("same-person", people[3], shapes.same_person(people[3]))
    same("same-people", people, shapes.same_people(people))
    same("same-people, none", [], shapes.same_people([]))
    polygon = Shape_Polygon([(0.0, 0.0), (1.0, -1.0)])
    for shape in [Shape_Point(), Shape_Circle(2.5), Shape_Polygon([]), polygon, Shape_Portrait(person("ada", 36))]:
        same("same-shape", shape, shapes.same_shape(shape))
    for color in Color:
        same("same-color", color, shapes.same_color(color))
    everything = Rights.READ | Rights.WRITE | Rights.EXECUTE_ALL
    for rights in [Rights(0), Rights.READ, Rights.WRITE | Rights.EXECUTE_ALL, everything]:
        same("same-rights", rights, shapes.same_rights(rights))
    same("without", Rights.EXECUTE_ALL, shapes.without(everything, Rights.READ | Rights.WRITE))
    for long in [0, 2**53, 2**53 + 1, 2**64 - 1]:
        same("same-long", long, shapes.same_long(long))
    for long in [0, -1, 2**53 + 1, -(2**53) - 1, -(2**63), 2**63 - 1]:
        same("same-signed-long", long, shapes.same_signed_long(long))

    same("divide", Ok(-3), outcome(lambda: shapes.divide(7, -2)))
    same("divide", Err("division by zero"), outcome(lambda: shapes.divide(7, 0)))
    same("may-fail", Ok(None), outcome(lambda: shapes.may_fail(False)))
    same("may-fail", Err(None), outcome(lambda: shapes.may_fail(True)))
    admit = lambda *people: outcome(lambda: shapes.admit(list(people)))
    same("admit", Ok(2), admit(person("ada", 36), person("alan", 41)))
    same("admit", Ok(0), admit())
    same("admit", Err(Failure_Empty()), admit(person("ada", 36), person("", 41)))
    same("admit", Err(Failure_BadLetter("!")), admit(person("oh!", 41)))
    same("admit", Err(Failure_NotAllowed(person("kid", 9))), admit(person("kid", 9)))
    same("sum", 50_001, shapes.sum(list(range(-50_000, 50_002))))
    same("sum, none", 0, shapes.sum([]))
    same("concat", "a🧩b", shapes.concat(["a", "🧩", "", "b"]))

    counter = Counter(40)
    same("add", 42, counter.add(2))
    same("value", 42, counter.value())
    same("peek", 42, shapes.peek(counter))
    same("peek again", 42, shapes.peek(counter))
    joined = Counter.join(counter, shapes.open(-2))
    same("join", 40, joined.value())
    same("close", 40, shapes.close(joined))
    for start in range(200):
        same("close many", start, shapes.close(shapes.open(start)))
    return wrong


class Run(exports.Run):
    def run(self) -> None:
        wrong = check()
        for line in wrong:
            print(line)
        if wrong:
            raise Err(None)
        print("every shape arrived whole")
