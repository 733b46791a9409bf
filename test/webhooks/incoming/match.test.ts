import assert from "node:assert/strict";
import { test } from "node:test";
import { ParseError } from "../../../src/errors.ts";
import { formatReference, parseReference } from "../../../src/oci/reference.ts";
import type { PushEvent } from "../../../src/webhooks/incoming/event.ts";
import { concerns, locateEvent, parsePlace } from "../../../src/webhooks/incoming/match.ts";

const LOCATED: readonly [event: PushEvent, place: string, about: string | undefined][] = [
  [{ repository: "a/b", tag: "1" }, "ghcr.io", "ghcr.io/a/b:1"],
  [{ repository: "a/b" }, "ghcr.io", "ghcr.io/a/b"],
  [{ repository: "alpine", tag: "3" }, "docker.io", "docker.io/library/alpine:3"],
  [{ registry: "docker.io", repository: "a/b" }, "registry-1.docker.io", "docker.io/a/b"],
  [{ registry: "GHCR.io", repository: "a/b" }, "ghcr.io", "ghcr.io/a/b"],
  [{ registry: "r.example:5000", repository: "a" }, "r.example:5000", "r.example:5000/a"],
  // A payload that names another registry than the one that was configured has no effect.
  [{ registry: "evil.example", repository: "a/b", tag: "1" }, "ghcr.io", undefined],
  [{ registry: "r.example:5000", repository: "a" }, "r.example", undefined],
  [{ registry: "ghcr.io.evil.example", repository: "a" }, "ghcr.io", undefined],
  [{ registry: "not a host", repository: "a" }, "ghcr.io", undefined],
  [{ repository: "evil.example/a" }, "ghcr.io", "ghcr.io/evil.example/a"],
  // Nexus and Artifactory.
  [{ store: "hosted", repository: "a" }, "nexus.example:8082", "nexus.example:8082/a"],
  [{ store: "hosted", repository: "a" }, "nexus.example/{store}", "nexus.example/hosted/a"],
  [{ store: "local", repository: "a/b" }, "{store}.acme.jfrog.io", "local.acme.jfrog.io/a/b"],
  [{ store: "local", repository: "a" }, "acme.jfrog.io/virtual", "acme.jfrog.io/virtual/a"],
  [{ store: "Local", repository: "a" }, "acme.jfrog.io/{store}", undefined],
  [{ repository: "a" }, "acme.jfrog.io/{store}", undefined],
];

for (const [event, place, about] of LOCATED) {
  test(`locateEvent() of ${JSON.stringify(event)} at ${place} is ${about}`, () => {
    const found = locateEvent(event, place);
    assert.equal(found && formatReference(found), about);
  });
}

test("locateEvent() has no digest if the event has a tag", () => {
  const digest = `sha256:${"0".repeat(64)}` as const;
  const about = locateEvent({ repository: "a/b", tag: "1", digest }, "ghcr.io");
  assert.deepEqual(about, { registry: "ghcr.io", repository: "a/b", tag: "1" });
});

const CONCERNED: readonly [about: string, source: string, wanted: boolean][] = [
  ["ghcr.io/a/b:1", "ghcr.io/a/b:1", true],
  ["ghcr.io/a/b:1", "ghcr.io/a/b:2", false],
  ["ghcr.io/a/b:1", "ghcr.io/a/b", true],
  ["ghcr.io/a/b:1", "ghcr.io/a/bc", false],
  ["ghcr.io/a/b:1", "ghcr.io/a", false],
  ["ghcr.io/a/b:1", "ghcr.io", true],
  ["ghcr.io/a/b:1", "quay.io/a/b", false],
  ["ghcr.io/a/b:1", "quay.io", false],
  ["ghcr.io/a/b", "ghcr.io/a/b:1", true],
  ["ghcr.io/a/b:1", `ghcr.io/a/b@sha256:${"0".repeat(64)}`, false],
  ["docker.io/library/alpine:3", "index.docker.io/alpine:3", true],
  ["docker.io/library/alpine:3", "docker.io", true],
];

for (const [about, source, wanted] of CONCERNED) {
  test(`concerns() of ${about} and ${source} is ${wanted}`, () => {
    assert.equal(concerns(parseReference(about), source), wanted);
  });
}

test("parsePlace() accepts registries, with a path or a store", () => {
  const good = ["ghcr.io", "docker.io", "index.docker.io", "localhost:5000", "{store}.jfrog.io"];
  for (const place of [...good, "nexus.example/{store}", "a.example/b/c"]) {
    assert.equal(parsePlace(place), place);
  }
});

test("parsePlace() rejects names that mean a repository of Docker Hub, and invalid names", () => {
  for (
    const place of ["registry", "library/alpine", "", "ghcr.io/", "ghcr.io/A", "{store}", "a b"]
  ) {
    assert.throws(() => parsePlace(place), ParseError, place);
  }
});
