"""Run it with `PYTHONPATH=.mosaic/bindings python3 -m unittest`, after `cargo mosaic bindings`."""

import unittest

from app import {{camel}}Api


class GreetsByName(unittest.TestCase):
    def test_greets_by_name(self) -> None:
        self.assertEqual({{camel}}Api().greet("World"), "Hello, World, from {{name}}!")
