import assert from "node:assert/strict";
import { test } from "node:test";
import { parse, ruleOf } from "../sync/setup.ts";
import { IMAGE, REPOSITORY, testMistakes, testWarnings } from "./cases.ts";

test("parseSyncConfig() warns of repositories of referrers where none are copied", () => {
  const { warnings } = parse(`sync: [{${IMAGE}, referrerSource: c.example/app}]`);
  assert.deepEqual(warnings.map((line) => line.replace(/^f:\d+:\d+: /, "")), [
    "sync[0].referrerSource: has no effect without referrers: true",
  ]);
});

test("parseSyncConfig() has the image of one platform take the place of its index", () => {
  const { copy } = ruleOf(`{${IMAGE}, platform: linux/arm64}`, "defaults: {index: rebuild}");
  assert.deepEqual([copy.platforms, copy.index], [["linux/arm64"], "unwrap"]);
});

test("parseSyncConfig() reads digests and targetTag", () => {
  const digest = `sha256:${"a".repeat(64)}`;
  const rule = ruleOf(`{${REPOSITORY}, digests: ["${digest}"], targetTag: "{{ .Source.Tag }}-x"}`);
  assert.deepEqual([rule.digests, rule.targetTag], [[digest], "{{ .Source.Tag }}-x"]);
});

testMistakes([
  [
    "a digest that is none",
    `sync: [{${REPOSITORY}, digests: [latest]}]`,
    /digests\[0\]: parse digest "latest"/,
  ],
  [
    "a targetTag that makes no tag",
    `sync: [{${REPOSITORY}, targetTag: "a/{{ .Source.Tag }}"}]`,
    /targetTag: "a\/1\.0", for the tag 1\.0, is not a tag/,
  ],
  [
    "a targetTag with an unknown field",
    `sync: [{${REPOSITORY}, targetTag: "{{ .Ref.Tag }}"}]`,
    /targetTag: .*Ref/,
  ],
  [
    "a targetTag with a variable",
    `sync: [{${REPOSITORY}, targetTag: '{{ env "USER" }}'}]`,
    /targetTag: variable USER is not set: expected fields of \.Source only/,
  ],
  [
    "a targetTag of an image",
    `sync: [{${IMAGE}, targetTag: x}]`,
    /targetTag: has no use for type image/,
  ],
  [
    "a targetTag with prune",
    `sync: [{${REPOSITORY}, targetTag: "{{ .Source.Tag }}", prune: {}}]`,
    /targetTag: prune and targetTag exclude each other/,
  ],
  [
    "a platform that is none",
    `sync: [{${IMAGE}, platforms: [amd64]}]`,
    /platforms\[0\]: parse platform "amd64"/,
  ],
  [
    "platform and platforms",
    `sync: [{${IMAGE}, platform: linux/amd64, platforms: [linux/amd64]}]`,
    /platform: platform and platforms exclude each other/,
  ],
  [
    "platform and index",
    `sync: [{${IMAGE}, platform: linux/amd64, index: sparse}]`,
    /index: platform copies no index/,
  ],
  [
    "prune of an image",
    `sync: [{${IMAGE}, prune: {}}]`,
    /prune: expected a rule of type repository or registry/,
  ],
  [
    "prune of what backup makes",
    `sync: [{${REPOSITORY}, prune: {}, backup: old}]`,
    /prune: it would delete the tags that backup creates/,
  ],
  [
    "a field that is none",
    `sync: [{${IMAGE}, backup: "{{ .Ref.Tga }}"}]`,
    /backup: template, character 4: there is no \.Tga; did you mean \.Tag/,
  ],
  [
    "a field that is none in defaults, once",
    `defaults: {backup: "{{ .X }}"}\nsync: [{${IMAGE}}, {${IMAGE}}]`,
    /^f:1:20: defaults\.backup: template[^\n]*$/,
  ],
]);

testWarnings([
  [
    "digests of an image",
    `sync: [{${IMAGE}, digests: ["sha256:${"a".repeat(64)}"]}]`,
    /digests: has an effect for type repository only/,
  ],
  [
    "an index that is left as it is",
    `sync: [{${REPOSITORY}, platforms: [linux/amd64]}]`,
    /platforms: as in regsync, the index still lists all platforms/,
  ],
  [
    "tags of an image",
    `sync: [{${IMAGE}, tags: {allow: [a]}}]`,
    /tags: has an effect for types repository and registry only/,
  ],
  [
    "repos of a repository",
    `sync: [{${REPOSITORY}, repos: {allow: [a]}}]`,
    /repos: has an effect for type registry only/,
  ],
]);

testWarnings([
  [
    "a target that is known to delete nothing",
    "sync: [{type: repository, source: a.example/app, targets: [ghcr.io/a/app, b.example/a], prune: {}}]",
    /sync\[0\]\.prune: ghcr\.io deletes neither tags nor manifests, so prune fails there$/,
  ],
]);
