import assert from "node:assert/strict";
import { test } from "node:test";

import { {{lower}}Api } from "./app.js";

test("greets by name", () => {
  assert.equal({{lower}}Api.greet("World"), "Hello, World, from {{name}}!");
});
