import assert from "node:assert/strict";
import { test } from "node:test";
import { importDregsy } from "../../../src/cli/import/dregsy.ts";
import { copiesOf, DIGEST, load, selected } from "./setup.ts";

const DREGSY = `
relay: skopeo
watch: true
skopeo: {binary: skopeo}
dockerhost: unix:///var/run/docker.sock
api-version: "1.24"
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
        tags: ['semver: !latest', 'regex: 1.*', 'keep: .*a.*']
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
    ["127.0.0.1:5000", "off"],
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
  const { notes, omitted } = importDregsy(DREGSY, "dregsy.yaml");
  for (
    const note of [
      /^relay is dropped/,
      /^watch is dropped/,
      /^skopeo is dropped/,
      /^dockerhost is dropped/,
      /^api-version is dropped/,
      /^lister is dropped/,
      /^docker\.io: set DOCKER_IO_USER and DOCKER_IO_PASS/,
      /^127\.0\.0\.1:5000: set REGISTRY_127_0_0_1_5000_USER/,
      /^docker\.io\/test\/another: keep: latest 5 counts only versions/,
      /^reg\.example: lister is dropped/,
      /^ecr\.example: auth-refresh is dropped/,
      /^127\.0\.0\.1:5000: its tls is disabled, which is plain HTTP/,
      /this config copies all platforms/,
    ]
  ) assert.ok(notes.some((text) => note.test(text)), `${note} in\n${notes.join("\n")}`);
  assert.equal(notes.length, 13);
  assert.deepEqual(omitted, [
    "reg.example/app: rules cannot rename repositories by a regular expression (regex:a(.*),b$1)",
    'reg.example/app: the version range "!latest" is not supported',
    "reg.example/app: keep: .*a.*, because a tag set cannot require two expressions",
  ]);
});

/** A file with one mapping. */
function withMapping(mapping: string): string {
  return `tasks: [{name: t, source: {registry: a.io}, target: {registry: r.io}, mappings: [${mapping}]}]`;
}

test("importDregsy() makes no rule for all tags if it cannot convert the selection", () => {
  const { omitted } = importDregsy(withMapping("{from: app, tags: ['semver: latest']}"), "f");
  assert.deepEqual(omitted, [
    'a.io/app: the version range "latest" is not supported',
    "the config has no rules",
  ]);
});

for (
  const mapping of [
    "{from: app, tags: ['regex: [']}",
    "{from: app, tags: ['keep: ![']}",
    "{from: 'regex:['}",
  ]
) {
  test(`importDregsy() rejects the invalid expression of ${mapping}`, () => {
    assert.throws(() => importDregsy(withMapping(mapping), "f"), /"\[" is not a valid pattern/);
  });
}

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

test("importDregsy() names no two rules alike, and rejects a registry with a path", () => {
  const task = (registry: string): string =>
    `- {name: t, source: {registry: ${registry}}, target: {registry: r.io}, mappings: [{from: a}]}\n`;
  const imported = importDregsy(`tasks:\n${task("p.io")}${task("q.io")}`, "dregsy.yaml");
  assert.deepEqual(load(imported).rules.map(({ name }) => name), ["t", "q.io/a"]);
  assert.throws(
    () => importDregsy(`tasks:\n${task("q.io/x")}`, "dregsy.yaml"),
    /tasks\[0\]\.source\.registry: "q\.io\/x" has a path; write it into from and to/,
  );
});
