import assert from "node:assert/strict";
import { test } from "node:test";
import { findClaims } from "../../src/sync/claims.ts";
import { parse } from "./setup.ts";

const TARGET = "m.example/mirror/app";

/** The tags of the target that others have, of those that are asked about, with the rule; `?` where that is a guess. */
function claimed(others: string, tags: readonly string[], own = OWN, target = TARGET): string[] {
  const { config: { rules } } = parse(`sync:\n- ${own}\n${others.replace(/^/gm, "- ")}\n`);
  const [rule] = rules;
  assert.ok(rule);
  const claims = findClaims(target, { rule, source: "a.example/app", rules });
  return tags.flatMap((tag) => {
    const claim = claims.find(({ takes }) => takes(tag));
    return claim ? [`${tag} ${claim.rule}${claim.isCertain ? "" : "?"}`] : [];
  });
}

const OWN =
  `{name: own, type: repository, source: a.example/app, target: ${TARGET}, prune: {}, tags: {allow: ['v1.*']}}`;

const CASES: [what: string, others: string, tags: string[], claimed: string[]][] = [
  [
    "the tag of an image",
    `{name: b, type: image, source: "b.example/x:1", target: "${TARGET}:stable"}`,
    ["stable", "1", "v1"],
    ["stable b"],
  ],
  [
    "a tag that an image has by default",
    `{name: b, type: image, source: "b.example/x:1", target: ${TARGET}}`,
    ["latest", "1"],
    ["latest b"],
  ],
  [
    "no tag of an image that goes elsewhere",
    `{name: b, type: image, source: "b.example/x:1", targets: ["${TARGET}2:stable", "m.example/app:stable"]}`,
    ["stable"],
    [],
  ],
  [
    "what a repository's patterns and ranges take, however old and however many",
    `{name: b, type: repository, source: b.example/x, target: ${TARGET}, minAge: 1h, tags: {semverRange: ["^2"], deny: [".*-rc"], latest: 1}}
{name: c, type: repository, source: a.example/app, targets: [c.example/c, ${TARGET}], tagSets: [{allow: [edge]}, {allow: ["x.*"]}]}`,
    ["v2.0", "v2.1", "v2.2-rc", "v3.0", "edge", "x1", "y"],
    ["v2.0 b", "v2.1 b", "edge c", "x1 c"],
  ],
  [
    "what others copy to the registry with its default port",
    `{name: b, type: image, source: "b.example/x:1", target: "m.example:443/mirror/app:stable"}
{name: c, type: repository, source: c.example/x, target: "m.example:80/mirror/app", tags: {allow: [edge]}}
{name: d, type: repository, source: d.example/x, target: "m.example:5000/mirror/app", tags: {allow: [other]}}`,
    ["stable", "edge", "other"],
    ["stable b", "edge c"],
  ],
  [
    "all of a repository without tags",
    `{name: b, type: repository, source: b.example/x, target: ${TARGET}}`,
    ["v1", "anything"],
    ["v1 b", "anything b"],
  ],
  [
    "what a registry may have by that name",
    `{name: b, type: registry, source: b.example, target: m.example/mirror, repos: {allow: [app]}, tags: {allow: ["b.*"]}}
{name: c, type: registry, source: c.example, target: m.example, repos: {deny: ["mirror/app"]}, tags: {allow: ["c.*"]}}
{name: d, type: registry, source: d.example, target: m.example, tags: {allow: ["d.*"]}}
{name: e, type: registry, source: e.example, target: m.example/mirr, tags: {allow: ["e.*"]}}
{name: f, type: registry, source: f.example, target: ${TARGET}, tags: {allow: ["f.*"]}}`,
    ["b1", "c1", "d1", "e1", "f1"],
    ["b1 b", "d1 d"],
  ],
  [
    "a backup that is made in the target",
    `{name: b, type: image, source: "b.example/x:1", target: "${TARGET}:stable", backup: previous}
{name: c, type: image, source: "c.example/x:1", target: "${TARGET}:edge", backup: "old-{{ .Ref.Tag }}"}
{name: d, type: image, source: "d.example/x:1", target: "m.example/d:edge", backup: "d-{{ .Ref.Tag }}"}`,
    ["previous", "previous2", "old-edge", "d-edge"],
    ["previous b", "old-edge c?"],
  ],
  [
    "a backup that is made there from elsewhere",
    `{name: b, type: image, source: "b.example/x:1", target: "m.example/b:1", backup: "${TARGET}:saved"}
{name: c, type: image, source: "c.example/x:1", target: "m.example/c:1", backup: "${TARGET}:c-{{ .Ref.Tag }}"}
{name: d, type: image, source: "d.example/x:1", target: "m.example/d:1", backup: ${TARGET}}
{name: e, type: image, source: "e.example/x:1", target: "m.example/e:1", backup: "n.example/{{ .Ref.Repository }}:{{ .Ref.Tag }}"}`,
    ["saved", "c-1", "c", "latest", "1"],
    ["saved b", "c-1 c?", "latest d"],
  ],
];
for (const [what, others, tags, wanted] of CASES) {
  test(`findClaims() has ${what}`, () => {
    assert.deepEqual(claimed(others, tags), wanted);
  });
}

test("findClaims() has nothing of the rule itself, nor of its backups", () => {
  const own = OWN.replace("prune: {}", "prune: {keep: [x]}, backup: old");
  const others = "{name: b, type: repository, source: b.example/x, target: m.example/b}";
  assert.deepEqual(claimed(others, ["v1", "old", "w"], own), []);
});

test("findClaims() includes the copies of a registry rule from another repository to the same target", () => {
  const own =
    "{name: own, type: registry, source: a.example, targets: [m.example, m.example/mirror], prune: {}, tags: {allow: ['v.*']}}";
  const { config: { rules: [rule] } } = parse(`sync:\n- ${own}\n`);
  assert.ok(rule);
  const from = (source: string): boolean[] =>
    findClaims(TARGET, { rule, source, rules: [rule] }).map(({ takes }) => takes("v1"));
  assert.deepEqual(from("a.example/app"), [true]);
  assert.deepEqual(from("a.example/mirror/app"), [true]);
  assert.equal(findClaims("m.example/b", { rule, source: "a.example/b", rules: [rule] }).length, 0);
});
