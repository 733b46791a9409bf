import { test } from "node:test";
import assert from "node:assert/strict";
import { chooseRules } from "../../src/sync/choose_rules.ts";

const RULES = [{ name: "alpine" }, { name: "nginx" }, { name: "app" }];

test("chooseRules() gives all rules where none is named, and those that are in the config's order", () => {
  assert.equal(chooseRules(RULES, undefined), RULES);
  assert.equal(chooseRules(RULES, []), RULES);
  assert.deepEqual(chooseRules(RULES, ["app", "alpine", "app"]), [RULES[0], RULES[2]]);
});

const unknown: [names: string[], message: string, hint: string][] = [
  [["ngnix"], 'there is no rule "ngnix"', "did you mean nginx"],
  [["app", "x", "y"], 'there is no rule "x", "y"', "expected one of alpine, nginx, app"],
  [["\x1b[2J"], 'there is no rule "\\u001b[2J"', "expected one of alpine, nginx, app"],
];
for (const [names, message, hint] of unknown) {
  test(`chooseRules() rejects ${JSON.stringify(names)}`, () => {
    assert.throws(() => chooseRules(RULES, names), { name: "ParseError", message, hint });
  });
}
