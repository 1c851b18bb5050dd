"""`{{name}}` implements the interface `{{name}}-api`."""

from wit_world import exports


class {{camel}}Api(exports.{{camel}}Api):
    def greet(self, name: str) -> str:
        return f"Hello, {name}, from {{name}}!"
