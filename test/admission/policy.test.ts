import assert from "node:assert/strict";
import { test } from "node:test";
import { compileGlob } from "../../src/admission/glob.ts";
import { chooseEntry, policyName } from "../../src/admission/policy.ts";
import { parseReference } from "../../src/oci/reference.ts";

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

test("policyName() is the same for all spellings of a name", () => {
  const names: [reference: string, name: string][] = [
    ["alpine", "docker.io/library/alpine"],
    ["index.docker.io/alpine:3", "docker.io/library/alpine"],
    ["registry-1.docker.io:443/library/alpine", "docker.io/library/alpine"],
    ["docker.io:443/alpine", "docker.io/library/alpine"],
    ["GHCR.io:443/acme/app", "ghcr.io/acme/app"],
    ["ghcr.io:0443/acme/app", "ghcr.io/acme/app"],
    ["ghcr.io:4430/acme/app", "ghcr.io:4430/acme/app"],
    ["localhost:443/app", "localhost/app"],
    ["127.0.0.1:443/app", "127.0.0.1/app"],
    ["[::1]:443/app", "[::1]/app"],
    // Without its port, this registry would be a repository of Docker Hub.
    ["library:443/alpine", "library:443/alpine"],
    ["oci:./app:1", "oci:./app"],
    ["oci:ghcr.io/acme/app:1", "oci:ghcr.io/acme/app"],
  ];
  for (const [reference, name] of names) {
    assert.equal(policyName(parseReference(reference)), name, reference);
  }
});
