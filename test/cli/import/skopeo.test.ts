import assert from "node:assert/strict";
import { test } from "node:test";
import type { Imported } from "../../../src/cli/import/imported.ts";
import { importSkopeo } from "../../../src/cli/import/skopeo.ts";
import { copiesOf, DIGEST, load, selected, TAGS } from "./setup.ts";

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

test("importSkopeo() keeps the path of a key, and asks for the credential of a password alone", () => {
  const text = "q.example/org:\n  images: {a: [v1]}\n  credentials: {password: hunter2}\n";
  const imported = importSkopeo(text, { from: "sync.yaml", destination: "m.example" });
  const config = load(imported);
  assert.deepEqual(copiesOf(config), ["q.example/org/a m.example/a"]);
  assert.deepEqual(config.registries.map(({ registry }) => registry), ["q.example"]);
});

test("importSkopeo() makes a rule of each image", () => {
  const imported = importSkopeo(SKOPEO, { from: "sync.yaml", destination: "mirror.example/m" });
  const config = load(imported);
  assert.deepEqual(copiesOf(config), [
    "registry.example.com/busybox mirror.example/m/busybox",
    `registry.example.com/team/redis@${DIGEST} mirror.example/m/redis@${DIGEST}`,
    "registry.example.com/team/redis mirror.example/m/redis",
    "registry.example.com/nginx mirror.example/m/nginx",
    "registry.example.com/alpine mirror.example/m/alpine",
    "registry.example.com/other mirror.example/m/other",
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
    copiesOf(load(importSkopeo(SKOPEO, options)))[6],
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
      /^quay\.io: set QUAY_IO_TOKEN/,
      /^registry\.example\.com: for plain HTTP change its tls to disabled$/,
    ]
  ) assert.ok(notes.some((text) => note.test(text)), `${note} in ${notes.join("\n")}`);
  assert.equal(notes.length, 5);
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

test("importSkopeo() reads a repository without tags as all of its tags, and names that begin with x-", () => {
  const file =
    'q.io:\n  images:\n    a/b:\n    x-team/app: ["1"]\n  images-by-tag-regex:\n    a/c:\n';
  const imported = importSkopeo(file, { from: "f", destination: "m.example" });
  const config = load(imported);
  assert.deepEqual(copiesOf(config), [
    "q.io/a/b m.example/b",
    "q.io/x-team/app m.example/app",
    "q.io/a/c m.example/c",
  ]);
  assert.deepEqual([selected(config, 0), selected(config, 2)], [TAGS, TAGS]);
  assert.deepEqual(imported.omitted, []);
});

test("importSkopeo() reports what it does not convert, and a config without rules", () => {
  const file = "q.io:\n  images-by-semver: {a: latest}\nx-r.io:\n";
  const { omitted } = importSkopeo(file, { from: "f", destination: "m.example" });
  assert.deepEqual(omitted, [
    'q.io/a: the version range "latest" is not supported',
    "the config has no rules",
  ]);
});

test("importSkopeo() excludes prereleases from a range with a hyphen", () => {
  const file = "q.io: {images-by-semver: {a: 1.2.0 - 1.5.0, b: 1.2.0-0 - 1.5.0}}";
  const config = load(importSkopeo(file, { from: "f", destination: "m.example" }));
  assert.deepEqual(selected(config, 0), ["1.2.3", "v1.3.0", "1.3"]);
  assert.deepEqual(selected(config, 1), ["1.2.3", "v1.3.0", "1.3", "1.4.0-rc1", "1.5.0-alpine"]);
});

test("importSkopeo() rejects an invalid expression, with its place", () => {
  assert.throws(
    () =>
      importSkopeo("q.io: {images-by-tag-regex: {a: '['}}", {
        from: "f",
        destination: "m.example",
      }),
    /^ParseError: f:1:33: "q\.io"\.images-by-tag-regex\.a: "\[" is not a valid pattern/,
  );
});

test("importSkopeo() disables TLS for a registry on loopback that is not verified", () => {
  const file = "127.0.0.1:5000: {tls-verify: false, images: {a: []}}";
  const imported = importSkopeo(file, { from: "f", destination: "m.example" });
  assert.equal(load(imported).registries[0]?.tls, "off");
  assert.match(imported.notes.join("\n"), /127\.0\.0\.1:5000: its tls is disabled/);
});
