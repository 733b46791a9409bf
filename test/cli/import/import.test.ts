import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSyncConfig } from "../../../src/config/sync_config.ts";
import type { SyncConfig } from "../../../src/config/sync_config.ts";
import { importDregsy } from "../../../src/cli/import/dregsy.ts";
import { importImageSyncer } from "../../../src/cli/import/image_syncer.ts";
import type { Imported } from "../../../src/cli/import/imported.ts";
import { importSkopeo } from "../../../src/cli/import/skopeo.ts";
import { createTagFilter } from "../../../src/sync/select_tags.ts";
import { NOW } from "../../sync/setup.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;

/** The config that an import gives, with every variable set to its own name. */
function load({ text }: Imported): SyncConfig {
  const env = new Proxy({}, {
    getOwnPropertyDescriptor: (_, name) => ({ value: name, configurable: true, enumerable: true }),
    get: (_, name) => name,
  });
  const { config, warnings } = parseSyncConfig(text, { from: "crossdock.yaml", env, now: NOW });
  assert.deepEqual(warnings, []);
  return config;
}

/** `source target`, a rule each. */
function copiesOf({ rules }: SyncConfig): string[] {
  return rules.map(({ source, targets }) => [source, ...targets].join(" "));
}

const TAGS = [
  "latest",
  "1.2.3",
  "v1.3.0",
  "1.3",
  "1.4.0-rc1",
  "1.5.0-alpine",
  "2.0.0",
  "1.2.3.4",
  "alpine",
  "xlatest",
];

function selected(config: SyncConfig, rule = 0): string[] {
  return TAGS.filter(createTagFilter({ tagSets: config.rules[rule]?.tagSets ?? [] }));
}

const SKOPEO = `
registry.example.com:
  images:
    busybox: []
    team/redis: ["1.0", "2.0", "${DIGEST}"]
  images-by-tag-regex:
    nginx: ^1\\.13\\.[12]-alpine-perl$
  images-by-semver:
    alpine: ">= 1.3.0, < 2"
    other: "!= 1.0.0"
  credentials: {username: john, password: hunter2}
  tls-verify: false
  cert-dir: /home/john/certs
quay.io:
  images:
    coreos/etcd: [latest]
  credentials: {identitytoken: hunter2}
`;

test("importSkopeo() makes a rule of each image", () => {
  const imported = importSkopeo(SKOPEO, { from: "sync.yaml", destination: "mirror.example/m" });
  const config = load(imported);
  assert.deepEqual(copiesOf(config), [
    "registry.example.com/busybox mirror.example/m/busybox",
    `registry.example.com/team/redis@${DIGEST} mirror.example/m/redis@${DIGEST}`,
    "registry.example.com/team/redis mirror.example/m/redis",
    "registry.example.com/nginx mirror.example/m/nginx",
    "registry.example.com/alpine mirror.example/m/alpine",
    "quay.io/coreos/etcd mirror.example/m/etcd",
  ]);
  assert.deepEqual(config.rules[2]?.tagSets[0]?.allow, ["1\\.0", "2\\.0"]);
  assert.deepEqual(config.registries, [
    {
      registry: "registry.example.com",
      credential: {
        kind: "basic",
        username: "REGISTRY_EXAMPLE_COM_USER",
        password: "REGISTRY_EXAMPLE_COM_PASS",
      },
      tls: "unverified",
    },
    { registry: "quay.io", credential: { kind: "identity_token", token: "QUAY_IO_TOKEN" } },
  ]);
  assert.doesNotMatch(imported.text, /hunter2/);
});

test("importSkopeo() selects what skopeo selects", () => {
  const config = load(importSkopeo(SKOPEO, { from: "sync.yaml", destination: "m.example" }));
  assert.deepEqual(selected(config, 0), TAGS);
  assert.deepEqual(selected(config, 4), ["v1.3.0", "1.3"]);
  const by = (key: string, value: string): string[] =>
    selected(
      load(
        importSkopeo(`a.example: {${key}: {app: '${value}'}}`, {
          from: "f",
          destination: "m.example",
        }),
      ),
    );
  assert.deepEqual(by("images-by-tag-regex", "latest|alpine$"), [
    "latest",
    "1.5.0-alpine",
    "alpine",
    "xlatest",
  ]);
  assert.deepEqual(by("images-by-tag-regex", "^latest"), ["latest"]);
  assert.deepEqual(by("images-by-semver", ">=1.4.0-0 <2.0.0"), ["1.4.0-rc1", "1.5.0-alpine"]);
});

test("importSkopeo() keeps registry and path with scoped", () => {
  const options = { from: "sync.yaml", destination: "mirror.example", scoped: true };
  assert.equal(
    copiesOf(load(importSkopeo(SKOPEO, options)))[5],
    "quay.io/coreos/etcd mirror.example/quay.io/coreos/etcd",
  );
});

test("importSkopeo() notes every difference", () => {
  const { notes } = importSkopeo(SKOPEO, { from: "sync.yaml", destination: "m.example" });
  for (
    const note of [
      /this config copies all platforms/,
      /^registry\.example\.com: set REGISTRY_EXAMPLE_COM_USER and REGISTRY_EXAMPLE_COM_PASS/,
      /^registry\.example\.com: cert-dir is dropped/,
      /^registry\.example\.com\/other: skipped, because the version range "!= 1\.0\.0" is not supported/,
      /^quay\.io: set QUAY_IO_TOKEN/,
      /^registry\.example\.com: for plain HTTP change its tls to disabled$/,
    ]
  ) assert.ok(notes.some((text) => note.test(text)), `${note} in ${notes.join("\n")}`);
  assert.equal(notes.length, 6);
  const twice = "a.example: {images: {x/app: [], y/app: []}}";
  const clash = importSkopeo(twice, { from: "f", destination: "m.example" }).notes;
  assert.match(
    clash.join("\n"),
    /a\.example\/y\/app and a\.example\/x\/app are both copied to m\.example\/app/,
  );
});

test("importSkopeo() rejects an invalid file, with line and column", () => {
  const parse = (text: string): Imported =>
    importSkopeo(text, { from: "f", destination: "m.example" });
  assert.throws(
    () => parse("a.example: {image: {}}"),
    /f:1:13: a\.example\.image|"a\.example"\.image: there is no such key; did you mean images/,
  );
  assert.throws(() => parse("a.example: {images: {App: []}}"), /upper-case/);
});

const AUTH = `
quay.io: {username: xxx, password: hunter2, insecure: true}
quay.io/coreos: {username: abc, password: hunter2}
docker.io: {username: $HUB_USER, password: "\${HUB_PASS}"}
ghcr.io/org: {username: a, password: hunter2}
`;
const IMAGES = `
quay.io/coreos/a: mirror.example/a
quay.io/coreos/b:v1.0: mirror.example/b
quay.io/coreos/c:v1.0,v2.0: [mirror.example/c, mirror.example/d]
quay.io/coreos/e@${DIGEST}: mirror.example/e
quay.io/coreos/f:/a+/: mirror.example/$team/f
quay.io/coreos/g:1,2: mirror.example/g:one,two
quay.io/coreos/h:1: mirror.example/h:1,2
nginx: mirror.example/nginx
`;

test("importImageSyncer() makes rules of its pair of files", () => {
  const imported = importImageSyncer({ images: IMAGES, auth: AUTH });
  const config = load(imported);
  assert.deepEqual(copiesOf(config), [
    "quay.io/coreos/a mirror.example/a",
    "quay.io/coreos/b mirror.example/b",
    "quay.io/coreos/c mirror.example/c",
    "quay.io/coreos/c mirror.example/d",
    `quay.io/coreos/e@${DIGEST} mirror.example/e@${DIGEST}`,
    "quay.io/coreos/f mirror.example/team/f",
    "quay.io/coreos/g:1 mirror.example/g:one",
    "quay.io/coreos/g:2 mirror.example/g:two",
    "docker.io/library/nginx mirror.example/nginx",
  ]);
  assert.deepEqual(config.rules[2]?.tagSets[0]?.allow, ["v1\\.0", "v2\\.0"]);
  assert.deepEqual(selected(config, 5), ["latest", "1.5.0-alpine", "alpine", "xlatest"]);
  assert.deepEqual(config.registries.map(({ registry, tls }) => [registry, tls]), [
    ["quay.io", "unverified"],
    ["docker.io", undefined],
    ["ghcr.io", undefined],
  ]);
  assert.match(imported.text, /HUB_USER/);
  assert.doesNotMatch(imported.text, /hunter2/);
});

test("importImageSyncer() notes every difference", () => {
  const { notes } = importImageSyncer({ images: IMAGES, auth: AUTH });
  assert.deepEqual(notes, [
    "quay.io: for plain HTTP change its tls to disabled",
    "quay.io: set QUAY_IO_USER and QUAY_IO_PASS; the config contains no credentials",
    "ghcr.io/org: its credential is used for all of ghcr.io",
    "ghcr.io: set GHCR_IO_USER and GHCR_IO_PASS; the config contains no credentials",
    "quay.io/coreos: its credential is dropped; the config has one credential for all of quay.io",
    "quay.io/coreos/h:1 to mirror.example/h:1,2: skipped, because they have different numbers of tags",
  ]);
});

test("importImageSyncer() reads one file that has both", () => {
  const both = JSON.stringify({
    auth: { "quay.io": { username: "$U", password: "$P" } },
    images: { "quay.io/a/b:1": "mirror.example/b" },
  });
  const config = load(importImageSyncer({ images: both }));
  assert.deepEqual(copiesOf(config), ["quay.io/a/b mirror.example/b"]);
  assert.deepEqual(config.registries[0]?.credential, {
    kind: "basic",
    username: "U",
    password: "P",
  });
});

test("importImageSyncer() rejects invalid files, with line and column", () => {
  assert.throws(
    () => importImageSyncer({ images: "quay.io/a: [[b]]" }),
    /images:1:\d+: .*expected text, got a list/,
  );
  assert.throws(() => importImageSyncer({ images: "quay.io/a: []" }), /expected at least one/);
  assert.throws(
    () => importImageSyncer({ images: "{}", auth: "quay.io: {user: a}" }),
    /auth:1:11: .*there is no such key; did you mean username/,
  );
});

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
