import assert from "node:assert/strict";
import { test } from "node:test";
import { mistakesOf, parse } from "../sync/setup.ts";
import { IMAGE, REPOSITORY, testMistakes, testWarnings } from "./cases.ts";

test("parseSyncConfig() keeps the spelling of tags, with or without quotes", () => {
  const { config, warnings } = parse(
    `sync: [{${REPOSITORY}, tags: {allow: [1.10, 3, 'x', true]}}]`,
  );
  assert.deepEqual(config.rules[0]?.tagSets[0]?.allow, ["1.10", "3", "x", "true"]);
  assert.deepEqual(warnings, [
    "f:1:88: sync[0].tags.allow[0]: read as 1.10, but regsync reads 1.1; put it in quotes",
  ]);
});

test("parseSyncConfig() does not warn of disabled keys", () => {
  const { warnings } = parse(
    `creds: [{registry: a.example, credHelper: "", mirrors: [], blobMax: 0}]\nsync: [{${IMAGE}, referrerSlow: false, hooks: {}}]`,
  );
  assert.deepEqual(warnings, []);
});

test("parseSyncConfig() shows no secret in warnings", () => {
  const { warnings } = parse("creds: [{registry: a.example, user: 1.10, pass: 0.50}]");
  assert.equal(warnings.length, 2);
  assert.doesNotMatch(warnings.join("\n"), /1\.1|0\.5/);
});

test("parseSyncConfig() reads numbers and flags with or without quotes, in each form of YAML", () => {
  const { config } = parse(
    `defaults: {parallel: "0x10", skipDockerConfig: "True"}\nsync: [{${REPOSITORY}, tags: {latest: +5}, prune: {maxShare: .5}}]`,
  );
  assert.deepEqual([config.parallel, config.dockerConfig], [16, false]);
  assert.equal(config.rules[0]?.tagSets[0]?.latest?.count, 5);
  assert.equal(config.rules[0]?.prune?.maxShare, 0.5);
});

test("parseSyncConfig() quotes no wrong value of creds and webhooks", () => {
  const mistakes = mistakesOf(
    "creds: [{registry: a.example, reqPerSec: hunter2, tls: hunter2}]\nwebhooks: {in: {quay: {kind: hunter2}}}",
  );
  assert.deepEqual(mistakes.map((line) => line.replace(/^f:\S+ /, "")), [
    "creds[0].reqPerSec: expected a number, got other text",
    "creds[0].tls: expected enabled, insecure or disabled, got other text",
    "webhooks.in.quay.kind: expected signature, header, bearer, basic, google or path, got other text",
  ]);
});

testMistakes([
  [
    "an unknown key in a list",
    `sync: [{${REPOSITORY}, tagSets: [{}, {alow: [a]}]}]`,
    /f:1:\d+: sync\[0\]\.tagSets\[1\]\.alow: there is no such key; did you mean allow/,
  ],
  ["another version", "version: 2", /f:1:10: version: expected at most 1, got "2"/],
  ["a file that is a list", "- a", /f:1:1: expected a group of keys, got a list/],
  ["an unknown key", "snyc: []", /f:1:1: snyc: there is no such key; did you mean sync/],
  [
    "a key far from all",
    "colour: red",
    /colour: there is no such key; expected one of version, creds, /,
  ],
  ["a list that is none", "sync: {}", /f:1:7: sync: expected a list, got a group of keys/],
  ["a rule that is none", "sync: [a]", /f:1:8: sync\[0\]: expected a group of keys, got "a"/],
  ["no source", "sync: [{type: image, target: b.example/a}]", /sync\[0\]\.source: is missing/],
  ["no type", "sync: [{source: a, target: b.example/a}]", /sync\[0\]\.type: is missing/],
  [
    "another type",
    `sync: [{${IMAGE.replace("image", "tag")}}]`,
    /type: expected image, repository or registry, got "tag"/,
  ],
  ["no targets", "sync: [{type: image, source: a, targets: []}]", /targets: expected at least one/],
  [
    "latest 0",
    `sync: [{${REPOSITORY}, tags: {latest: 0}}]`,
    /tags\.latest: expected at least 1, got "0"/,
  ],
  [
    "half a tag",
    `sync: [{${REPOSITORY}, tags: {latest: 1.5}}]`,
    /tags\.latest: expected a whole number, got "1\.5"/,
  ],
  [
    "a flag that is none",
    `sync: [{${IMAGE}, referrers: yes please}]`,
    /referrers: expected true or false, got "yes please"/,
  ],
  [
    "a share above one",
    `sync: [{${REPOSITORY}, prune: {maxShare: 2}}]`,
    /prune\.maxShare: expected at most 1, got "2"/,
  ],
]);

testWarnings([
  [
    "hooks",
    "defaults: {hooks: {pre: {type: a}}}",
    /defaults\.hooks: ignored: regsync reads hooks but never runs them/,
  ],
  [
    "the documents' name for fastCheck",
    `sync: [{${IMAGE}, fastCopy: true}]`,
    /fastCopy: ignored: .*write fastCheck/,
  ],
]);
