import assert from "node:assert/strict";
import { test } from "node:test";
import { importDregsy } from "../../../src/cli/import/dregsy.ts";
import { copiesOf, DIGEST, load, selected } from "./setup.ts";

const DREGSY = `
relay: skopeo
watch: true
skopeo: {binary: skopeo}
lister: {maxItems: 100}
tasks:
  - name: task one
    interval: 60
    verbose: true
    source: {registry: registry.hub.docker.com, auth: aHVudGVyMg==}
    target: {registry: "127.0.0.1:5000", auth: aHVudGVyMg==, skip-tls-verify: true}
    mappings:
      - from: test/image
        to: archive/test/image
        tags: ['1.2.3', 'semver: >=1.3.0 <2.0.0', 'regex: .*pine', 'keep: !.*rc.*']
        platform: all
      - from: test/another
        platform: linux/arm64/v8
        tags: ['regex: !v.*', 'keep: .+', 'keep: latest 5']
  - name: task2
    source: {registry: reg.example, auth: none, lister: {type: catalog}}
    target: {registry: ecr.example, auth-refresh: 10h}
    mappings:
      - from: 'regex:team/.*'
        to: m
        platform: all
      - from: app
        to: 'regex:a(.*),b$1'
        platform: all
      - from: app
        tags: ['${DIGEST}', 'one@${DIGEST}']
        platform: all
      - from: app
        tags: ['semver: !1.2.3', 'regex: 1.*', 'keep: .*a.*']
`;

test("importDregsy() makes rules of tasks and their mappings", () => {
  const imported = importDregsy(DREGSY, "dregsy.yaml");
  const config = load(imported);
  assert.deepEqual(config.rules.map(({ name, type }) => `${name} ${type}`), [
    "task-one-1 repository",
    "task-one-2 repository",
    "task2-1 registry",
    "task2-2 image",
    "task2-3 image",
    "task2-4 repository",
  ]);
  assert.deepEqual(copiesOf(config), [
    "docker.io/test/image 127.0.0.1:5000/archive/test/image",
    "docker.io/test/another 127.0.0.1:5000/test/another",
    "reg.example ecr.example/m",
    `reg.example/app@${DIGEST} ecr.example/app@${DIGEST}`,
    `reg.example/app@${DIGEST} ecr.example/app:one`,
    "reg.example/app ecr.example/app",
  ]);
  assert.deepEqual(config.rules[0]?.schedule, { everyMs: 60_000 });
  assert.equal(config.rules[2]?.schedule, undefined);
  assert.deepEqual(config.rules[1]?.copy.platforms, ["linux/arm64/v8"]);
  assert.deepEqual(config.rules[2]?.repositories.allow, ["team/.*"]);
  assert.deepEqual(config.registries.map(({ registry, tls }) => [registry, tls]), [
    ["docker.io", undefined],
    ["127.0.0.1:5000", "unverified"],
  ]);
  assert.doesNotMatch(imported.text, /aHVudGVyMg|hunter2/);
});

test("importDregsy() selects what dregsy selects", () => {
  const config = load(importDregsy(DREGSY, "dregsy.yaml"));
  assert.deepEqual(selected(config, 0), ["1.2.3", "v1.3.0", "1.3", "1.5.0-alpine", "alpine"]);
  assert.deepEqual(config.rules[1]?.tagSets, [
    { allow: [".+"], deny: ["v.*"], semverRange: [], latest: { count: 5, by: "semver" } },
  ]);
});

test("importDregsy() notes every difference", () => {
  const { notes } = importDregsy(DREGSY, "dregsy.yaml");
  for (
    const note of [
      /^relay is dropped/,
      /^watch is dropped/,
      /^skopeo is dropped/,
      /^lister is dropped/,
      /^docker\.io: set DOCKER_IO_USER and DOCKER_IO_PASS/,
      /^127\.0\.0\.1:5000: set REGISTRY_127_0_0_1_5000_USER/,
      /^docker\.io\/test\/another: keep: latest 5 counts only versions/,
      /^reg\.example: lister is dropped/,
      /^ecr\.example: auth-refresh is dropped/,
      /^reg\.example\/app: skipped, because rules cannot rename repositories by a regular expression/,
      /^reg\.example\/app: the version range "!1\.2\.3" is dropped, because it is not supported/,
      /^reg\.example\/app: keep: \.\*a\.\* is dropped, because a tag set cannot require two expressions/,
      /^127\.0\.0\.1:5000: for plain HTTP change its tls to disabled$/,
      /this config copies all platforms/,
    ]
  ) assert.ok(notes.some((text) => note.test(text)), `${note} in\n${notes.join("\n")}`);
  assert.equal(notes.length, 14);
});

test("importDregsy() rejects an invalid file, with line and column", () => {
  assert.throws(
    () => importDregsy("tasks: [{name: a}]", "f"),
    /f:1:9: tasks\[0\]\.source: is missing/,
  );
  assert.throws(
    () => importDregsy("task: []", "f"),
    /f:1:1: task: there is no such key; did you mean tasks/,
  );
});
