import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseSyncConfig } from "../../src/config/sync_config.ts";
import { registryCredentials } from "../../src/config/registries.ts";
import { REGSYNC_FILES, REGSYNC_FOLDER } from "./regsync_files.ts";
import { ENV, mistakesOf, NOW, parse, ruleOf } from "../sync/setup.ts";

const IMAGE = "type: image, source: a.example/app:1, target: b.example/app:1";
const REPOSITORY = "type: repository, source: a.example/app, target: b.example/app";
const REGISTRY = "type: registry, source: a.example, target: b.example";

test("parseSyncConfig() reads a rule and fills in what it leaves open", () => {
  assert.deepEqual(parse(`sync: [{${REPOSITORY}}]`), {
    config: {
      rules: [{
        name: "a.example/app",
        type: "repository",
        source: "a.example/app",
        targets: ["b.example/app"],
        tagSets: [],
        repositories: { allow: [], deny: [] },
        copy: { referrers: false, digestTags: false, index: "sparse" },
        fastCheck: false,
      }],
      registries: [],
      parallel: 4,
      dockerConfig: true,
      webhooks: { incoming: new Map(), outgoing: [] },
    },
    warnings: [],
  });
});

test("parseSyncConfig() reads an empty file", () => {
  assert.deepEqual(parse("# nothing yet\n").config.rules, []);
});

test("parseSyncConfig() reads JSON", () => {
  const { config } = parse(
    '{"version": 1, "sync": [{"type": "registry", "source": "a.example", "target": "b.example/m"}]}',
  );
  assert.deepEqual(config.rules.map(({ targets }) => targets), [["b.example/m"]]);
});

test("parseSyncConfig() reads every key of a rule", () => {
  const rule = ruleOf(
    `
    name: app
    type: repository
    source: ghcr.io/app
    targets: [b.example/app, c.example/app]
    tags: {allow: ["1.*"], deny: ["2.*"], semverRange: [">=1"], latest: 5, by: created}
    tagSets: [{allow: [latest]}]
    platforms: [linux/amd64]
    index: rebuild
    digestTags: true
    referrers: true
    referrerFilters: [{artifactType: a/b, annotations: {c: d}}]
    referrerSource: ghcr.io/signed
    referrerTarget: "{{ .Sync.Target }}-signed"
    fastCheck: true
    forceRecursive: true
    includeExternal: true
    mediaTypes: [x/y]
    backup: "old-{{ .Ref.Tag }}"
    schedule: "@every 2h"
    ratelimit: {min: 10, retry: 15m}
    minAge: 72h
    ifExists: fail
    verify: stream
    prune: {keep: ["old-.*"], maxShare: 0.5}`,
  );
  assert.deepEqual(rule, {
    name: "app",
    type: "repository",
    source: "ghcr.io/app",
    targets: ["b.example/app", "c.example/app"],
    tagSets: [
      { allow: ["latest"], deny: [], semverRange: [] },
      {
        allow: ["1.*"],
        deny: ["2.*"],
        semverRange: [">=1"],
        latest: { count: 5, by: "created" },
      },
    ],
    repositories: { allow: [], deny: [] },
    copy: {
      platforms: ["linux/amd64"],
      index: "rebuild",
      referrers: true,
      referrerFilters: [{ artifactType: "a/b", annotations: { c: "d" } }],
      referrerSource: "ghcr.io/signed",
      referrerDestination: "b.example/app-signed",
      digestTags: true,
      verify: "stream",
      ifExists: "fail",
      recheck: true,
      foreignLayers: true,
    },
    fastCheck: true,
    mediaTypes: ["x/y"],
    schedule: { everyMs: 7_200_000 },
    rateLimit: { min: 10, retryMs: 900_000 },
    minAgeMs: 72 * 3_600_000,
    backup: {
      template: "old-{{ .Ref.Tag }}",
      sync: {
        Source: "ghcr.io/app",
        Target: "b.example/app",
        Type: "repository",
        Platform: "",
        Backup: "old-{{ .Ref.Tag }}",
        Schedule: "@every 2h",
        Interval: "",
      },
    },
    prune: { keep: ["old-.*"], maxShare: 0.5 },
  });
});

const DEFAULTS =
  "defaults: {schedule: '0 1 * * *', referrers: true, verify: stream, minAge: 1h, mediaTypes: [a/b], fastCheck: true, " +
  "index: refuse, ratelimit: {min: 5, retry: 20m}, backup: 'b-{{ .Ref.Tag }}'}";

test("parseSyncConfig() gives a rule what defaults say", () => {
  const rule = ruleOf(`{${IMAGE}}`, DEFAULTS);
  assert.deepEqual(rule.copy, {
    referrers: true,
    digestTags: false,
    verify: "stream",
    index: "refuse",
  });
  assert.deepEqual(rule.schedule, { cron: "0 1 * * *" });
  assert.deepEqual(rule.rateLimit, { min: 5, retryMs: 1_200_000 });
  assert.deepEqual([rule.minAgeMs, rule.mediaTypes, rule.fastCheck], [3_600_000, ["a/b"], true]);
  assert.equal(rule.backup?.template, "b-{{ .Ref.Tag }}");
  assert.equal(rule.backup?.sync["Schedule"], "0 1 * * *");
});

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

test("parseSyncConfig() warns of repositories of referrers where none are copied", () => {
  const { warnings } = parse(`sync: [{${IMAGE}, referrerSource: c.example/app}]`);
  assert.deepEqual(warnings.map((line) => line.replace(/^f:\d+:\d+: /, "")), [
    "sync[0].referrerSource: has no effect without referrers: true",
  ]);
});

test("parseSyncConfig() takes the rule's word before that of defaults", () => {
  const own =
    "interval: 5m, referrers: false, verify: auto, minAge: 0, mediaTypes: [c/d], fastCheck: false, index: sparse, " +
    "ratelimit: {min: 7}, backup: c";
  const rule = ruleOf(`{${IMAGE}, ${own}}`, DEFAULTS);
  assert.deepEqual(rule.copy, {
    referrers: false,
    digestTags: false,
    verify: "auto",
    index: "sparse",
  });
  assert.deepEqual(rule.schedule, { everyMs: 300_000 });
  assert.deepEqual(rule.rateLimit, { min: 7, retryMs: 1_200_000 });
  assert.deepEqual([rule.minAgeMs, rule.mediaTypes, rule.fastCheck], [undefined, ["c/d"], false]);
  assert.deepEqual([rule.backup?.template, rule.backup?.sync["Interval"]], ["c", "5m"]);
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

test("parseSyncConfig() has the image of one platform take the place of its index", () => {
  const { copy } = ruleOf(`{${IMAGE}, platform: linux/arm64}`, "defaults: {index: rebuild}");
  assert.deepEqual([copy.platforms, copy.index], [["linux/arm64"], "unwrap"]);
});

test("parseSyncConfig() names rules by their sources, each name once", () => {
  const entries = [
    IMAGE,
    IMAGE.replace("b.example", "c.example"),
    `name: mine, ${REPOSITORY}`,
    REPOSITORY,
  ];
  const { config } = parse(`sync: [${entries.map((entry) => `{${entry}}`).join()}]`);
  assert.deepEqual(config.rules.map(({ name }) => name), [
    "a.example/app:1",
    "a.example/app:1#2",
    "mine",
    "a.example/app",
  ]);
});

test("parseSyncConfig() keeps tags as they are written, with or without quotes", () => {
  const { config, warnings } = parse(
    `sync: [{${REPOSITORY}, tags: {allow: [1.10, 3, 'x', true]}}]`,
  );
  assert.deepEqual(config.rules[0]?.tagSets[0]?.allow, ["1.10", "3", "x", "true"]);
  assert.deepEqual(warnings, [
    "f:1:88: sync[0].tags.allow[0]: read as 1.10, but regsync reads 1.1; put it in quotes",
  ]);
});

test("parseSyncConfig() fills in templates, targets with what the source came to", () => {
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

test("parseSyncConfig() reads creds", () => {
  const { config, warnings } = parse(`
creds:
  - {registry: https://index.docker.io/v1/, user: '{{ env "USER" }}', pass: '{{ env "PASS" }}'}
  - {registry: Quay.io, token: t, user: u}
  - {registry: "localhost:5000", tls: disabled, reqPerSec: 0.5, reqConcurrent: 3, repoAuth: true}
  - {registry: "c.example:443", tls: insecure}
  - {registry: ghcr.io, user: <token>, pass: refresh}
`);
  assert.deepEqual(config.registries, [
    {
      registry: "docker.io",
      credential: { kind: "basic", username: "ann", password: "hunter2" },
    },
    { registry: "quay.io", credential: { kind: "identity_token", token: "t", username: "u" } },
    { registry: "localhost:5000", tls: "off", requestsPerSecond: 0.5, concurrentRequests: 3 },
    { registry: "c.example:443", tls: "unverified" },
    { registry: "ghcr.io", credential: { kind: "identity_token", token: "refresh" } },
  ]);
  assert.deepEqual(warnings, []);
});

test("parseSyncConfig() reads tls in any case, and an empty one as if it were not there", () => {
  const words = ["Enabled", "INSECURE", '"Disabled"', '""'];
  const entries = words.map((tls, i) => `  - {registry: ${i}.example, tls: ${tls}}\n`);
  const { config } = parse(`creds:\n${entries.join("")}`);
  assert.deepEqual(config.registries, [
    { registry: "0.example", tls: "on" },
    { registry: "1.example", tls: "unverified" },
    { registry: "2.example", tls: "off" },
    { registry: "3.example" },
  ]);
});

test("parseSyncConfig() calls a registry by its host where creds give it another name", () => {
  const { config } = parse(`
creds: [{registry: ours.example, hostname: "10.0.0.1:5000", user: a, pass: b}]
sync:
  - {type: image, source: ours.example/app:1, target: b.example/app:1}
  - {type: registry, source: b.example, target: ours.example}
  - {type: registry, source: ours.example, target: b.example/ours}
`);
  assert.equal(config.registries[0]?.registry, "10.0.0.1:5000");
  assert.deepEqual(config.rules.map(({ source, targets }) => [source, ...targets]), [
    ["10.0.0.1:5000/app:1", "b.example/app:1"],
    ["b.example", "10.0.0.1:5000"],
    ["10.0.0.1:5000", "b.example/ours"],
  ]);
});

test("registryCredentials() finds a registry's credential and says where it is from", async () => {
  const { config } = parse(
    "creds: [{registry: a.example, user: u, pass: p}, {registry: b.example}]",
  );
  const sources = registryCredentials(config.registries, "crossdock.yaml");
  assert.deepEqual(await sources.lookup("a.example", "app"), {
    credential: { kind: "basic", username: "u", password: "p" },
    from: 'crossdock.yaml (creds "a.example")',
  });
  assert.equal(await sources.lookup("b.example", "app"), undefined);
  assert.deepEqual(sources.describe(), ["crossdock.yaml: 1 host, not b.example"]);
});

const SECRET = "0123456789abcdef";

test("parseSyncConfig() reads webhooks", () => {
  const { config } = parse(`
webhooks:
  in:
    docker-hub: {kind: path, secrets: ['{{ env "HOOK" }}']}
    distribution:
      {place: a.example, kind: basic, username: '{{ env "USER" }}', secrets: [${SECRET}1, ${SECRET}2]}
    harbor-eu: {sender: harbor, place: eu.example/team, kind: header, name: Authorization, secrets: [${SECRET}]}
    artifact-registry:
      {place: x.example, kind: google, audience: https://x.example, emails: [a@b.example]}
  out:
    - {url: https://x.example/hook, secrets: ['whsec_{{ env "BASE64" }}']}
    - {url: https://x.example/hook, secrets: [whsec_AAAA, whsec_BBBB], events: [failed, in_step]}
`);
  assert.deepEqual([...config.webhooks.incoming], [
    ["docker-hub", {
      sender: "docker-hub",
      place: "docker.io",
      proof: { kind: "path", secrets: [ENV.HOOK] },
    }],
    ["distribution", {
      sender: "distribution",
      place: "a.example",
      proof: { kind: "basic", username: "ann", secrets: [`${SECRET}1`, `${SECRET}2`] },
    }],
    ["harbor-eu", {
      sender: "harbor",
      place: "eu.example/team",
      proof: { kind: "header", name: "Authorization", secrets: [SECRET] },
    }],
    ["artifact-registry", {
      sender: "artifact-registry",
      place: "x.example",
      proof: { kind: "google", audience: "https://x.example", emails: ["a@b.example"] },
    }],
  ]);
  assert.deepEqual(config.webhooks.outgoing, [
    {
      url: "https://x.example/hook",
      secrets: ["whsec_c2VjcmV0"],
      events: ["copied", "failed", "in_step"],
    },
    {
      url: "https://x.example/hook",
      secrets: ["whsec_AAAA", "whsec_BBBB"],
      events: ["failed", "in_step"],
    },
  ]);
});

/** A config, and what its one mistake says. */
const MISTAKES: [name: string, text: string, message: RegExp][] = [
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
  ["no target", "sync: [{type: image, source: a}]", /sync\[0\]\.target: is missing/],
  [
    "two kinds of target",
    `sync: [{${IMAGE}, targets: [c.example/a]}]`,
    /targets: there is a target already/,
  ],
  ["no targets", "sync: [{type: image, source: a, targets: []}]", /targets: expected at least one/],
  [
    "a target twice",
    "sync: [{type: image, source: a, targets: [b.example/a, 'b.example/a:latest']}]",
    /targets\[1\]: b.example\/a:latest is here twice/,
  ],
  [
    "a copy onto itself",
    "sync: [{type: repository, source: a, target: docker.io/library/a}]",
    /target: it is the source/,
  ],
  [
    "a malformed source",
    "sync: [{type: image, source: 'A b', target: b.example/a}]",
    /sync\[0\]\.source: parse reference "A b": it holds white space/,
  ],
  [
    "a folder",
    "sync: [{type: image, source: 'ocidir://a', target: b.example/a}]",
    /sync\[0\]\.source: parse reference/,
  ],
  [
    "a repository with a tag",
    "sync: [{type: repository, source: 'a:1', target: b.example/a}]",
    /it has a tag, want a repository alone/,
  ],
  [
    "a registry with a path",
    "sync: [{type: registry, source: a.example/b, target: c.example}]",
    /source: parse reference .*more than a registry/,
  ],
  [
    "Docker Hub as a registry",
    "sync: [{type: registry, source: docker.io, target: c.example}]",
    /source: Docker Hub does not list its repositories/,
  ],
  [
    "a pattern that is none",
    `sync: [{${REPOSITORY}, tags: {allow: [a, '(b']}}]`,
    /tags\.allow\[1\]: "\(b" is no pattern/,
  ],
  [
    "look-around",
    `sync: [{${REPOSITORY}, tags: {deny: ['(?!b)']}}]`,
    /tags\.deny\[0\]: .* is no pattern: invalid or unsupported Perl syntax/,
  ],
  [
    "a pattern in a set",
    `sync: [{${REPOSITORY}, tagSets: [{}, {deny: ['a**']}]}]`,
    /tagSets\[1\]\.deny\[0\]: "a\*\*" is no pattern/,
  ],
  [
    "a pattern for repositories",
    `sync: [{${REGISTRY}, repos: {allow: ['[']}}]`,
    /repos\.allow\[0\]: "\[" is no pattern/,
  ],
  [
    "a range that is none",
    `sync: [{${REPOSITORY}, tags: {semverRange: ['>=1 x']}}]`,
    /semverRange\[0\]: "x" is no range/,
  ],
  [
    "by without latest",
    `sync: [{${REPOSITORY}, tags: {by: created}}]`,
    /tags\.by: .* latest is missing/,
  ],
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
    "a flag that is none",
    `sync: [{${IMAGE}, referrers: yes please}]`,
    /referrers: expected true or false, got "yes please"/,
  ],
  [
    "an interval without a unit",
    `sync: [{${IMAGE}, interval: 60}]`,
    /interval: "60" is no span of time/,
  ],
  [
    "a schedule of six fields",
    `sync: [{${IMAGE}, schedule: "0 0 0 * * *"}]`,
    /schedule: "0 0 0 \* \* \*" is no schedule: it has 6 fields, want 5/,
  ],
  ["minAge in days", `sync: [{${IMAGE}, minAge: 3d}]`, /minAge: "3d" is no span of time/],
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
    "a share above one",
    `sync: [{${REPOSITORY}, prune: {maxShare: 2}}]`,
    /prune\.maxShare: expected at most 1, got "2"/,
  ],
  [
    "a field that is none",
    `sync: [{${IMAGE}, backup: "{{ .Ref.Tga }}"}]`,
    /backup: template, character 4: there is no \.Tga; did you mean \.Tag/,
  ],
  [
    "a function that is none",
    "sync: [{type: image, source: '{{ shell \"ls\" }}', target: b.example/a}]",
    /source: template, character 4: there is no function "shell"/,
  ],
  [
    "a mistake of defaults, once",
    `defaults: {interval: x}\nsync: [{${IMAGE}}, {${IMAGE}}]`,
    /^f:1:22: defaults\.interval: "x" is no span of time[^\n]*$/,
  ],
  [
    "a field that is none in defaults, once",
    `defaults: {backup: "{{ .X }}"}\nsync: [{${IMAGE}}, {${IMAGE}}]`,
    /^f:1:20: defaults\.backup: template[^\n]*$/,
  ],
  [
    "a name twice",
    `sync: [{name: a, ${IMAGE}}, {name: a, ${REPOSITORY}}]`,
    /sync\[1\]\.name: sync\[0\] has the same name/,
  ],
  ["a name with a space", `sync: [{name: a b, ${IMAGE}}]`, /name: expected letters/],
  [
    "a user without a password",
    "creds: [{registry: a.example, user: u}]",
    /creds\[0\]\.user: pass or token is missing/,
  ],
  [
    "a password without a user",
    "creds: [{registry: a.example, pass: p}]",
    /creds\[0\]\.pass: user is missing/,
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
  [
    "another TLS",
    "creds: [{registry: a.example, tls: on}]",
    /creds\[0\]\.tls: expected enabled, insecure or disabled/,
  ],
  [
    "two credentials for one host",
    "creds: [{registry: a.example, user: u, pass: p}, {registry: b.example, hostname: a.example, user: v, pass: p}]",
    /creds\[1\]: there is a credential for a\.example already/,
  ],
  [
    "a lone word for a registry",
    "creds: [{registry: registry}]",
    /creds\[0\]\.registry: .*it is no registry/,
  ],
  [
    "a credential helper",
    "creds: [{registry: a.example, credHelper: docker-credential-x}]",
    /creds\[0\]\.credHelper: not every host can run programs/,
  ],
  [
    "mirrors",
    "creds: [{registry: a.example, mirrors: [b.example]}]",
    /creds\[0\]\.mirrors: write the mirror as the source/,
  ],
  [
    "referrers from an image",
    `sync: [{${IMAGE}, referrers: true, referrerSource: "c.example/app:1"}]`,
    /sync\[0\]\.referrerSource: .*it has a tag, want a repository alone/,
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
  [
    "a proof of another kind",
    "webhooks: {in: {quay: {kind: none}}}",
    /webhooks\.in\.quay\.kind: expected signature, header, bearer, basic, google or path/,
  ],
  [
    "an empty secret",
    "webhooks: {in: {quay: {kind: path, secrets: ['{{ env \"NONE\" }}']}}}",
    /webhooks\.in\.quay\.secrets\[0\]: is empty; variable NONE/,
  ],
  [
    "no secret",
    "webhooks: {in: {quay: {kind: path, secrets: []}}}",
    /secrets: expected at least one/,
  ],
  [
    "a proof's unknown key",
    "webhooks: {in: {quay: {kind: path, secret: a, secrets: [0123456789abcdef]}}}",
    /webhooks\.in\.quay\.secret: there is no such key; did you mean secrets/,
  ],
  [
    "a sender that is none",
    `webhooks: {in: {dockerhub: {kind: path, secrets: [${SECRET}]}}}`,
    /f:1:17: webhooks\.in\.dockerhub: there is no such sender; did you mean docker-hub/,
  ],
  [
    "a short secret",
    "webhooks: {in: {quay: {kind: path, secrets: [short]}}}",
    /webhooks\.in\.quay\.secrets\[0\]: a secret is shorter than 16 characters/,
  ],
  [
    "a proof that the sender cannot give",
    `webhooks: {in: {github: {kind: header, name: x, secrets: [${SECRET}]}}}`,
    /webhooks\.in\.github\.kind: .* has no proof by header, expected signature/,
  ],
  [
    "a hook that does not say where its events are from",
    `webhooks: {in: {harbor: {kind: header, name: x, secrets: [${SECRET}]}}}`,
    /webhooks\.in\.harbor\.place: is missing/,
  ],
  [
    "a place that is none",
    `webhooks: {in: {harbor: {place: harbor, kind: header, name: x, secrets: [${SECRET}]}}}`,
    /webhooks\.in\.harbor\.place: "harbor" names no registry/,
  ],
  [
    "a sender under another name that is none",
    `webhooks: {in: {eu: {sender: harbour, kind: path, secrets: [${SECRET}]}}}`,
    /webhooks\.in\.eu\.sender: there is no such sender; did you mean harbor$/,
  ],
  [
    "a name that no URL has",
    `webhooks: {in: {a/b: {sender: quay, kind: path, secrets: [${SECRET}]}}}`,
    /webhooks\.in\."a\/b": expected a-z, 0-9/,
  ],
  [
    "a secret for signatures that is no base64",
    "webhooks: {out: [{url: https://a.example, secrets: ['whsec_?']}]}",
    /webhooks\.out\[0\]\.secrets: a secret is not base64, expected whsec_ and base64/,
  ],
  [
    "a URL that is none",
    "webhooks: {out: [{url: ftp://a, secrets: [whsec_AAAA]}]}",
    /webhooks\.out\[0\]\.url: expected an http or https URL/,
  ],
  [
    "an event that is none",
    "webhooks: {out: [{url: https://a.example, secrets: [whsec_AAAA], events: [x]}]}",
    /events\[0\]: expected copied, failed or in_step/,
  ],
];
for (const [name, text, message] of MISTAKES) {
  test(`parseSyncConfig() refuses ${name}`, () => {
    const mistakes = mistakesOf(text);
    assert.match(mistakes.join("\n"), message);
    assert.equal(mistakes.length, 1, mistakes.join("\n"));
    assert.match(mistakes[0] ?? "", /^f:\d+:\d+: /);
  });
}

const WARNINGS: [name: string, text: string, message: RegExp][] = [
  [
    "branches outside of a group",
    `sync: [{${REPOSITORY}, tags: {allow: ['a|b']}}]`,
    /tags\.allow\[0\]: as in regsync, \^ binds only .*; write \(a\|b\)$/,
  ],
  [
    "an index that is left as it is",
    `sync: [{${REPOSITORY}, platforms: [linux/amd64]}]`,
    /platforms: as in regsync, the index still lists all platforms/,
  ],
  [
    "a schedule beside an interval",
    `sync: [{${REPOSITORY}, interval: 1h, schedule: '@daily'}]`,
    /interval: ignored: schedule takes precedence/,
  ],
  [
    "a short wait",
    `sync: [{${REPOSITORY}, ratelimit: {min: 1, retry: 1m}}]`,
    /ratelimit\.retry: read as 5m/,
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
  [
    "a certificate",
    "creds: [{registry: a.example, regcert: PEM}]",
    /creds\[0\]\.regcert: ignored: not every host can add/,
  ],
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
  [
    "a host that stands twice",
    "creds: [{registry: a.example}, {registry: a.example, tls: disabled}]",
    /creds\[1\]: a\.example is in creds already/,
  ],
];
for (const [name, text, message] of WARNINGS) {
  test(`parseSyncConfig() warns of ${name}`, () => {
    const { warnings } = parse(text);
    assert.match(warnings.join("\n"), message);
    assert.equal(warnings.length, 1, warnings.join("\n"));
  });
}

test("parseSyncConfig() says nothing of keys that are turned off", () => {
  const { warnings } = parse(
    `creds: [{registry: a.example, credHelper: "", mirrors: [], blobMax: 0}]\nsync: [{${IMAGE}, referrerSlow: false, hooks: {}}]`,
  );
  assert.deepEqual(warnings, []);
});

test("parseSyncConfig() lists all mistakes in the order of the file, and nothing of a secret", () => {
  const mistakes = mistakesOf(`
creds:
  - registry: a.example
    user: hunter2
    pass: [hunter2]
    tsl: disabled
  - registry: b.example
    user: hunter2
    pass: '{{ index (split (env "PASS") ",") 7 }}'
sync:
  - source: alpine
    target: b.example/alpine
    type: repository
    referrers: maybe
    tags: {allow: ["("], latst: 1}
  - source: alpine
    type: repository
webhooks:
  in:
    quay: {kind: path, secrets: {a: hunter2}}
`);
  const places = mistakes.map((mistake) => /^f:(\S+): (\S+):/.exec(mistake)?.slice(1).join(" "));
  assert.deepEqual(places, [
    "5:11 creds[0].pass",
    "6:5 creds[0].tsl",
    "9:11 creds[1].pass",
    "14:16 sync[0].referrers",
    "15:20 sync[0].tags.allow[0]",
    "15:26 sync[0].tags.latst",
    "16:5 sync[1].target",
    "20:33 webhooks.in.quay.secrets",
  ]);
  assert.doesNotMatch(mistakes.join("\n"), /hunter2/);
});

for (
  const [text, places] of [
    [
      `sync:
- {source: a.example/x, target: b.example/X, type: repository, tags: {allow: [[x], "("], semverRange: [">>1"]}, schedule: "61 * * * *"}
- {source: a.example/X, target: b.example/x, type: repo, interval: 1d, prune: {maxShare: 2}}
- {source: "a.example/x:1", targets: [], type: registri}
- {}`,
      [
        "sync[0].target",
        "sync[0].tags.allow[0]",
        "sync[0].tags.allow[1]",
        "sync[0].tags.semverRange[0]",
        "sync[0].schedule",
        "sync[1].source",
        "sync[1].type",
        "sync[1].interval",
        "sync[1].prune.maxShare",
        "sync[2].targets",
        "sync[2].type",
        "sync[3].source",
        "sync[3].type",
        "sync[3].target",
      ],
    ],
    [
      `creds:
- {user: [x], pass: "{{", token: x}
- {registry: A B, user: x}`,
      ["creds[0].registry", "creds[0].user", "creds[0].pass", "creds[1].registry", "creds[1].user"],
    ],
    [
      `webhooks:
  in:
    foo: {kind: path, place: r.example, secrets: [short]}
    docker-hub: {kind: signature, secrets: [short]}
    quay: {kind: path, secrets: []}
    github: {kind: basic, secrets: [[x], short]}
    harbor: {kind: nothing}
    gitea: 5
  out:
  - {url: "ftp://x", secrets: ["whsec_!!!"], events: [nope]}
  - {events: []}`,
      [
        "webhooks.in.foo",
        "webhooks.in.foo.secrets[0]",
        "webhooks.in.docker-hub.kind",
        "webhooks.in.docker-hub.secrets[0]",
        "webhooks.in.quay.secrets",
        "webhooks.in.github.username",
        "webhooks.in.github.kind",
        "webhooks.in.github.secrets[0]",
        "webhooks.in.github.secrets[1]",
        "webhooks.in.harbor.kind",
        "webhooks.in.gitea",
        "webhooks.out[0].url",
        "webhooks.out[0].secrets",
        "webhooks.out[0].events[0]",
        "webhooks.out[1].url",
        "webhooks.out[1].secrets",
        "webhooks.out[1].events",
      ],
    ],
  ] as const
) {
  test(`parseSyncConfig() tells what is beside a wrong key or element: ${text.split(":")[0]}`, () => {
    const mistakes = mistakesOf(text);
    assert.deepEqual(
      mistakes.map((mistake) => /^f:\S+: (\S+):/.exec(mistake)?.[1]),
      places,
      mistakes.join("\n"),
    );
  });
}

test("parseSyncConfig() shows no secret in warnings", () => {
  const { warnings } = parse("creds: [{registry: a.example, user: 1.10, pass: 0.50}]");
  assert.equal(warnings.length, 2);
  assert.doesNotMatch(warnings.join("\n"), /1\.1|0\.5/);
});

for (const name of REGSYNC_FILES) {
  test(`parseSyncConfig() reads regsync's ${name} as it is`, () => {
    const text = readFileSync(join(REGSYNC_FOLDER, name), "utf8");
    const env = {
      ...ENV,
      SOURCE: "127.0.0.1:5000",
      TARGET: "127.0.0.1:5001",
      HUB_USER: "u",
      REGISTRY_USER: "u",
      QUAY_TOKEN: "t",
    };
    const readFile = (): string => "secret";
    const { config } = parseSyncConfig(text, { from: name, env, now: NOW, readFile });
    assert.equal(config.rules.length, text.match(/^ {4}type: /gm)?.length ?? 2);
  });
}
