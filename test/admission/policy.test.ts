import assert from "node:assert/strict";
import { test } from "node:test";
import { compileGlob } from "../../src/admission/glob.ts";
import { chooseEntry } from "../../src/admission/policy.ts";

test("compileGlob() matches the whole text, and no slash by *", () => {
  const cases: [pattern: string, text: string, matches: boolean][] = [
    ["ghcr.io/acme/*", "ghcr.io/acme/app", true],
    ["ghcr.io/acme/*", "ghcr.io/acme/team/app", false],
    ["ghcr.io/acme/**", "ghcr.io/acme/team/app", true],
    ["ghcr.io/acme/**", "ghcr.io/acme", false],
    ["ghcr.io/acme/**", "evil.example/ghcr.io/acme/app", false],
    ["ghcr.io/a.me/app", "ghcr.io/acme/app", false],
    ["ghcr.io/acme/app", "ghcr.io/acme/app2", false],
    ["**", "ghcr.io/acme/app", true],
    ["a+(b)|c", "a+(b)|c", true],
    ["a*", "a\nb", true],
    ["a", "a\n", false],
  ];
  for (const [pattern, text, matches] of cases) {
    assert.equal(compileGlob(pattern).test(text), matches, `${pattern} and ${text}`);
  }
});

test("chooseEntry() takes the most specific pattern and names the others", () => {
  const choose = (...patterns: string[]): ReturnType<typeof chooseEntry> =>
    chooseEntry(patterns.map((images) => ({ images, rule: "accept" })), "ghcr.io/acme/app");
  const entry = (images: string) => ({ images, rule: "accept" });
  assert.deepEqual(choose("**", "ghcr.io/acme/**", "ghcr.io/**"), {
    entry: entry("ghcr.io/acme/**"),
    overridden: ["ghcr.io/**", "**"],
  });
  assert.deepEqual(choose("ghcr.io/acme/**", "ghcr.io/acme/*"), {
    entry: entry("ghcr.io/acme/*"),
    overridden: ["ghcr.io/acme/**"],
  });
  assert.deepEqual(choose("ghcr.io/acme/*", "ghcr.io/acme/app")?.entry, entry("ghcr.io/acme/app"));
  assert.deepEqual(choose("ghcr.io/acme/*p", "ghcr.io/acme/a*"), {
    entry: entry("ghcr.io/acme/a*"),
    overridden: ["ghcr.io/acme/*p"],
  });
  assert.deepEqual(choose("ghcr.io/acme/*p", "ghcr.io/acme/*pp"), {
    entry: entry("ghcr.io/acme/*pp"),
    overridden: ["ghcr.io/acme/*p"],
  });
  assert.equal(choose("quay.io/**"), undefined);
});

test("chooseEntry() names a second pattern that is as specific", () => {
  const policy = ["ghcr.io/*/app", "ghcr.io/*/a*p"].map((images) => ({
    images,
    rule: "accept" as const,
  }));
  assert.equal(chooseEntry(policy, "ghcr.io/acme/app")?.rival, undefined);
  const same = ["ghcr.io/*cme/app", "ghcr.io/*/acme"].map((images) => ({
    images,
    rule: "accept" as const,
  }));
  assert.equal(chooseEntry(same, "ghcr.io/acme/app")?.rival, undefined);
  const rivals = ["ghcr.io/*me/*", "ghcr.io/*/*pp"].map((images) => ({
    images,
    rule: "accept" as const,
  }));
  assert.equal(chooseEntry(rivals, "ghcr.io/acme/app")?.rival, "ghcr.io/*/*pp");
});
