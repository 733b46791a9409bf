import assert from "node:assert/strict";
import { test } from "node:test";
import { backupReference, createBackupTest } from "../../src/sync/backup.ts";
import { NOW, ruleOf } from "./setup.ts";

const SURROUNDINGS = { env: { TEAM: "ops" }, now: NOW };

function backup(
  template: string,
  destination = "b.example/x:1",
  targets = "[b.example/x]",
): string | undefined {
  const rule = ruleOf(JSON.stringify({
    type: "repository",
    source: "a.example/app",
    targets: targets.slice(1, -1).split(","),
    interval: "60m",
    ...template && { backup: template },
  }));
  return backupReference(rule, destination, SURROUNDINGS);
}

const GOOD: [template: string, reference: string][] = [
  ["old", "b.example/x:old"],
  ["old-{{ .Ref.Tag }}", "b.example/x:old-1"],
  [" old-{{ .Ref.Tag }}\n", "b.example/x:old-1"],
  ["c.example/{{ .Ref.Repository }}:{{ .Ref.Tag }}", "c.example/x:1"],
  ["c.example/{{ .Ref.Repository }}", "c.example/x:latest"],
  [
    "{{ .Ref.Registry }}/backups/{{ env `TEAM` }}:{{ .Sync.Type }}-{{ .Step.Interval }}",
    "b.example/backups/ops:repository-60m",
  ],
  ["{{ .Ref.Reference }}-old", "b.example/x:1-old"],
  ["{{ .Ref.CommonName }}-old", "b.example/x:1-old"],
  ["{{ .Ref.Scheme }}-{{ .Ref.Path }}{{ .Ref.Tag }}", "b.example/x:reg-1"],
  ["{{ time.Now.Format `20060102` }}", "b.example/x:20260307"],
];
for (const [template, reference] of GOOD) {
  test(`backupReference() ${JSON.stringify(template)} is ${reference}`, () => {
    assert.equal(backup(template), reference);
  });
}

test("backupReference() is undefined without a backup", () => {
  assert.equal(backup(""), undefined);
});

test("backupReference() uses the given one of several targets", () => {
  const targets = "[b.example/x,c.example/xx,c.example/x]";
  const template = "d.example/{{ index (split .Sync.Target `/`) 1 }}:{{ .Ref.Tag }}";
  assert.equal(backup(template, "b.example/x:1", targets), "d.example/x:1");
  assert.equal(backup(template, "c.example/xx:1", targets), "d.example/xx:1");
  assert.equal(backup("{{ slice .Sync.Target 0 1 }}", "c.example/x:1", targets), "c.example/x:c");
});

test("backupReference() rejects text that is neither a tag nor a reference", () => {
  assert.throws(
    () => backup("{{ .Ref.Digest }}"),
    /back up b\.example\/x:1: "" is not a tag or a reference/,
  );
  assert.throws(() => backup("A b/c"), { name: "ParseError" });
});

const MAY_BE: [template: string, name: string, isBackup: boolean][] = [
  ["old", "old", true],
  [" old\n", "old", true],
  ["old", "older", false],
  ["v1.2", "v1x2", false],
  ["old-{{ .Ref.Tag }}", "old-1", true],
  ["old-{{ .Ref.Tag }}", "older-1", false],
  ["old-{{- .Ref.Tag -}} ", "old-1", true],
  ["{{ .Ref.Tag }}-old", "1-old", true],
  ["{{ .Ref.Tag }}-old", "b.example/x:1-old", false],
  ["{{ .Ref.Reference }}-old", "b.example/x:1-old", true],
  ["{{ .Ref.Tag | lower }}-old", "b.example/x:1-old", true],
  ["{{ if .Ref.Tag }}a{{ else }}b{{ end }}-{{ time.Now.Unix }}", "a-1", true],
  ["{{ $t := .Ref.Tag }}old-{{ $t }}", "old-1", true],
  ["{{ .Ref.Registry }}/backups/{{ .Ref.Repository }}:{{ .Ref.Tag }}", "b.example/x:1", false],
  ["{{ .Ref.Registry }}/backups/{{ .Ref.Repository }}:{{ .Ref.Tag }}", "b.e/backups/x:1", true],
];
for (const [template, name, isBackup] of MAY_BE) {
  test(`createBackupTest() of ${JSON.stringify(template)} is ${isBackup} for ${name}`, () => {
    assert.equal(createBackupTest(template)(name), isBackup);
  });
}
