"""The resource of `shapes`: a module named after the interface holds its resources."""

from typing import Self

from wit_world.exports import shapes


class Counter(shapes.Counter):
    def __init__(self, start: int) -> None:
        self.sum = start

    def add(self, amount: int) -> int:
        self.sum += amount
        return self.sum

    def value(self) -> int:
        return self.sum

    @classmethod
    def join(cls, left: Self, right: Self) -> Self:
        return cls(left.sum + right.sum)
