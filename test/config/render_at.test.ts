import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSyncConfig } from "../../src/config/sync_config.ts";
import { NOW, parse } from "../sync/setup.ts";
import { testMistakes } from "./cases.ts";

test("parseSyncConfig() renders templates, and targets with the rendered source", () => {
  const { config } = parse(`sync:
- type: repository
  source: a.example/{{ env "USER" }}
  target: b.example/{{ index (split .Sync.Source "/") 1 }}
`);
  const [rule] = config.rules;
  assert.deepEqual([rule?.source, rule?.targets], ["a.example/ann", ["b.example/ann"]]);
});

test("parseSyncConfig() reads files where it is given a way to", () => {
  const text = "creds: [{registry: a.example, user: ann, pass: '{{ file \"/run/pass\" }}'}]";
  const options = { from: "f", env: {}, now: NOW };
  const { config } = parseSyncConfig(text, { ...options, readFile: (path) => `${path}!\n` });
  assert.deepEqual(config.registries[0]?.credential, {
    kind: "basic",
    username: "ann",
    password: "/run/pass!",
  });
  assert.throws(
    () => parseSyncConfig(text, options),
    /^ParseError: f:1:48: creds\[0\]\.pass: template, character 4: file: this host has no files; use env$/,
  );
});

testMistakes([
  [
    "a function that is none",
    "sync: [{type: image, source: '{{ shell \"ls\" }}', target: b.example/a}]",
    /source: template, character 4: there is no function "shell"/,
  ],
  [
    "a variable that is not set",
    "creds: [{registry: a.example, user: u, pass: '{{ env \"NONE\" }}'}]",
    /creds\[0\]\.pass: is empty; variable NONE is not set/,
  ],
  [
    "a variable that is empty",
    "creds: [{registry: a.example, user: u, pass: '{{ env \"EMPTY\" }}'}]",
    /creds\[0\]\.pass: is empty; variable EMPTY is not set/,
  ],
]);

test("parseSyncConfig() warns of a part of a name that is not set", () => {
  const warningsOf = (target: string): readonly string[] =>
    parse(`sync: [{type: image, source: "a.example/b:1", target: '${target}'}]`).warnings;
  const [warning] = warningsOf('b.example/{{ env "NONE" }}app:1');
  assert.match(warning ?? "", /sync\[0\]\.target: variable NONE is not set$/);
  assert.deepEqual(warningsOf('b.example/{{ env "USER" }}/app:1'), []);
  assert.deepEqual(warningsOf('b.example/{{ env "NONE" | default "x" }}/app:1'), []);
  assert.deepEqual(warningsOf('b.example/{{ if env "NONE" }}x{{ end }}app:1'), []);
});
