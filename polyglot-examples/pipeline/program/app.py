"""Reads a text, has it cut into words in Rust and counted in Go, and prints what came of it."""

import sys

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports import figures, texts


class Run(exports.Run):
    def run(self) -> None:
        try:
            document = texts.Document.open(sys.stdin.read())
        except Err as error:
            print(f"cannot read this text: {explain(error.value)}", file=sys.stderr)
            raise Err(None) from error
        with document:
            report(document)


def explain(error: texts.ParseError) -> str:
    match error:
        case texts.ParseError_Empty():
            return "it holds no words"
        case texts.ParseError_ControlCharacter((character, line)):
            return f"line {line} holds the control character U+{ord(character):04X}"


def report(document: texts.Document) -> None:
    summary = figures.summarise(document)
    print(f"{document.lines()} lines, {summary.words} words, {summary.distinct} distinct, {summary.mean_length:.2f} letters each")
    if summary.longest is not None:
        number, length = summary.longest
        print(f"longest line: {number} ({length} characters): {document.line(number)}")
    for count in figures.commonest(document.words(), 5):
        print(f"{count.times:6}  {count.word}  (first at {count.first.line}:{count.first.column})")
