"""Every shape, provided in Python."""

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.shapes import Color, Failure_BadLetter, Failure_Empty, Failure_NotAllowed, Person, Rights, Scalars, Shape

import shapes


class Shapes(exports.Shapes):
    def same_scalars(self, value: Scalars) -> Scalars:
        return value

    def same_text(self, value: str) -> str:
        return value

    def same_bytes(self, value: bytes) -> bytes:
        return value

    def same_person(self, value: Person) -> Person:
        return value

    def same_people(self, value: list[Person]) -> list[Person]:
        return value

    def same_shape(self, value: Shape) -> Shape:
        return value

    def same_color(self, value: Color) -> Color:
        return value

    def same_rights(self, value: Rights) -> Rights:
        return value

    def same_option(self, value: str | None) -> str | None:
        return value

    def same_pair(self, value: tuple[str, int]) -> tuple[str, int]:
        return value

    def same_long(self, value: int) -> int:
        return value

    def same_signed_long(self, value: int) -> int:
        return value

    def without(self, one: Rights, other: Rights) -> Rights:
        return one & ~other

    def divide(self, left: int, right: int) -> int:
        if right == 0:
            raise Err("division by zero")
        quotient = abs(left) // abs(right)
        return quotient if (left < 0) == (right < 0) else -quotient

    def may_fail(self, fail: bool) -> None:
        if fail:
            raise Err(None)

    def admit(self, people: list[Person]) -> int:
        for person in people:
            if not person.name:
                raise Err(Failure_Empty())
            if "!" in person.name:
                raise Err(Failure_BadLetter("!"))
            if person.age < 18:
                raise Err(Failure_NotAllowed(person))
        return len(people)

    def sum(self, values: list[int]) -> int:
        return sum(values)

    def concat(self, values: list[str]) -> str:
        return "".join(values)

    def measure(self, value: str) -> tuple[int, int]:
        return len(value), len(value.encode())

    def open(self, start: int) -> shapes.Counter:
        return shapes.Counter(start)

    def close(self, it: shapes.Counter) -> int:
        return it.sum

    def peek(self, it: shapes.Counter) -> int:
        return it.sum
