import assert from "node:assert/strict";
import { test } from "node:test";
import { importImageSyncer } from "../../../src/cli/import/image_syncer.ts";
import { copiesOf, DIGEST, load, selected } from "./setup.ts";

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
  const { notes, omitted } = importImageSyncer({ images: IMAGES, auth: AUTH });
  assert.deepEqual(notes, [
    "quay.io: for plain HTTP change its tls to disabled",
    "quay.io: set QUAY_IO_USER and QUAY_IO_PASS; the config contains no credentials",
    "ghcr.io/org: its credential is used for all of ghcr.io",
    "ghcr.io: set GHCR_IO_USER and GHCR_IO_PASS; the config contains no credentials",
    "quay.io/coreos: its credential is dropped; the config has one credential for all of quay.io",
  ]);
  assert.deepEqual(omitted, [
    "quay.io/coreos/h:1 to mirror.example/h:1,2: they have different numbers of tags",
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

test("importImageSyncer() reads names that begin with x-", () => {
  const config = load(importImageSyncer({ images: "x-reg.io/a: r.io/a" }));
  assert.deepEqual(copiesOf(config), ["x-reg.io/a r.io/a"]);
});

test("importImageSyncer() reports a line without a target", () => {
  const { omitted } = importImageSyncer({ images: "q.io/a:v1:\nq.io/b: r.io/b\n" });
  assert.deepEqual(omitted, ["q.io/a:v1: it has no target, which image-syncer rejects as well"]);
});

test("importImageSyncer() rejects an invalid expression, with its place", () => {
  assert.throws(
    () => importImageSyncer({ images: "q.io/a:/[/: r.io/a" }),
    /images:1:13: .*"\[" is not a valid pattern/,
  );
});
