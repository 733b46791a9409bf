import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSyncConfig } from "../../src/config/sync_config.ts";
import { parse, ruleOf } from "../sync/setup.ts";
import { IMAGE, REPOSITORY, testMistakes } from "./cases.ts";

test("parseSyncConfig() gives a rule the repositories of referrers that defaults name, in their one spelling", () => {
  const before = [
    "creds: [{registry: hub.example, hostname: c.example}]",
    "defaults: {referrers: true, referrerSource: hub.example/signed, referrerTarget: '{{ .Sync.Target }}/signed'}",
  ].join("\n");
  assert.deepEqual(ruleOf(`{${REPOSITORY}, referrerSource: alpine}`, before).copy, {
    referrers: true,
    digestTags: false,
    index: "sparse",
    referrerSource: "docker.io/library/alpine",
    referrerDestination: "b.example/app/signed",
  });
  const { referrerSource } = ruleOf(`{${REPOSITORY}}`, before).copy;
  assert.equal(referrerSource, "c.example/signed");
  const without = ruleOf(`{${REPOSITORY}, referrers: false}`, before).copy;
  assert.deepEqual(without, { referrers: false, digestTags: false, index: "sparse" });
});

test("parseSyncConfig() has an image without a tag mean latest on both sides", () => {
  const rule = ruleOf("{type: image, source: alpine, target: b.example/alpine}");
  assert.deepEqual([rule.source, rule.targets], ["docker.io/library/alpine:latest", [
    "b.example/alpine:latest",
  ]]);
  const { config, warnings } = parse(
    "sync: [{type: image, source: 'alpine:3', target: b.example/alpine}]",
  );
  assert.deepEqual(config.rules[0]?.targets, ["b.example/alpine:latest"]);
  assert.match(
    warnings.join(),
    /f:1:50: sync\[0\]\.target: docker.io\/library\/alpine:3 is copied to the tag latest/,
  );
});

testMistakes([
  ["no target", "sync: [{type: image, source: a}]", /sync\[0\]\.target: is missing/],
  [
    "two kinds of target",
    `sync: [{${IMAGE}, targets: [c.example/a]}]`,
    /targets: there is a target already/,
  ],
  [
    "a target twice",
    "sync: [{type: image, source: a, targets: [b.example/a, 'b.example/a:latest']}]",
    /targets\[1\]: b.example\/a:latest appears twice/,
  ],
  [
    "a copy onto itself",
    "sync: [{type: repository, source: a, target: docker.io/library/a}]",
    /target: the target is the source itself/,
  ],
  [
    "a malformed source",
    "sync: [{type: image, source: 'A b', target: b.example/a}]",
    /sync\[0\]\.source: parse reference "A b": it contains white space/,
  ],
  [
    "a folder, because a server has none",
    "sync: [{type: image, source: 'ocidir://a', target: b.example/a}]",
    /sync\[0\]\.source: a server has no folders; run this rule with crossdock sync/,
  ],
  [
    "a folder as a target, because a server has none",
    "sync: [{type: registry, source: a.example, target: 'oci:mirror'}]",
    /sync\[0\]\.target: a server has no folders/,
  ],
  [
    "an archive as a registry",
    "sync: [{type: registry, source: 'oci-archive:a.tar', target: a.example}]",
    /sync\[0\]\.source: parse reference "oci-archive:a\.tar"/,
  ],
  [
    "a repository with a tag",
    "sync: [{type: repository, source: 'a:1', target: b.example/a}]",
    /it has a tag, expected a repository only/,
  ],
  [
    "a registry with a path",
    "sync: [{type: registry, source: a.example/b, target: c.example}]",
    /source: parse reference .*expected a registry only/,
  ],
  [
    "Docker Hub as a registry",
    "sync: [{type: registry, source: docker.io, target: c.example}]",
    /source: Docker Hub does not list its repositories/,
  ],
  [
    "referrers from an image",
    `sync: [{${IMAGE}, referrers: true, referrerSource: "c.example/app:1"}]`,
    /sync\[0\]\.referrerSource: .*it has a tag, expected a repository only/,
  ],
  [
    "referrers to nowhere",
    `sync: [{${IMAGE}, referrers: true, referrerTarget: '{{ env "NONE" }}'}]`,
    /sync\[0\]\.referrerTarget: is empty/,
  ],
  [
    "referrers from nowhere, in defaults",
    `defaults: {referrers: true, referrerSource: "{{ .Sync.Nothing }}"}\nsync: [{${IMAGE}}]`,
    /: defaults\.referrerSource: /,
  ],
]);

test("parseSyncConfig() accepts folders for the command line", () => {
  const { config } = parseSyncConfig(
    `sync:
- {type: image, source: "ocidir://mirror/app:1", target: "a.example/app:1"}
- {type: repository, source: a.example/app, target: "oci:mirror/app"}
- {type: repository, source: "oci:app", target: a.example/app}
- {type: registry, source: a.example, target: "ocidir://mirror"}
- {type: registry, source: "oci:./mirror", target: b.example/prefix}
`,
    { from: "f", env: {}, now: 0, allowsLocal: true },
  );
  assert.deepEqual(config.rules.map(({ type, source, targets }) => [type, source, ...targets]), [
    ["image", "oci:mirror/app:1", "a.example/app:1"],
    ["repository", "a.example/app", "oci:mirror/app"],
    ["repository", "oci:app", "a.example/app"],
    ["registry", "a.example", "oci:mirror"],
    ["registry", "oci:./mirror", "b.example/prefix"],
  ]);
});
