import assert from "node:assert/strict";
import { test } from "node:test";
import { imageNotFound } from "../../../src/copy/copy_error.ts";
import type { Engine } from "../../../src/engine.ts";
import { CrossdockError } from "../../../src/errors.ts";
import { parseReference } from "../../../src/oci/reference.ts";
import { fakeCli } from "../fake_cli.ts";

/** An engine without the image, and the repositories whose tags were read. */
function withoutImage(
  reference: string,
  pages: readonly (readonly string[])[] | CrossdockError,
): { engine: Partial<Engine>; listed: string[]; counts: { pages: number } } {
  const fail = (): Promise<never> => Promise.reject(imageNotFound(parseReference(reference)));
  const listed: string[] = [];
  const counts = { pages: 0 };
  const tags: Engine["tags"] = async function* (repository): AsyncGenerator<string[]> {
    listed.push(repository);
    await Promise.resolve();
    if (pages instanceof CrossdockError) throw pages;
    for (const page of pages) {
      counts.pages++;
      yield [...page];
    }
  };
  return { engine: { copy: fail, plan: fail, inspect: fail, verify: fail, tags }, listed, counts };
}

const cases: [tag: string, tags: string[], hint: string][] = [
  [
    "3.22.9",
    ["3.20", "3.22", "3.22.1", "3.22.2", "latest"],
    "did you mean the tag 3.22, 3.22.1 or 3.22.2?",
  ],
  ["1.4", ["v1.4", "1.5", "v2"], "did you mean the tag v1.4 or 1.5?"],
  ["v1.4.0", ["1.4.0", "1.4.1"], "did you mean the tag 1.4.0 or 1.4.1?"],
  ["Latest", ["latest", "nightly"], "did you mean the tag latest?"],
  ["lastest", ["latest", "1"], "did you mean the tag latest?"],
  [
    "nightly",
    ["1.0", "1.1", "1.2", "1.3"],
    "check the tag; the repository has others, such as 1.1, 1.2, 1.3",
  ],
  ["1", [], "the repository has no tags"],
];
for (const [tag, tags, hint] of cases) {
  test(`crossdock inspect without the tag ${tag} of ${tags.join(", ") || "none"}: ${hint}`, async () => {
    const { engine } = withoutImage(`r.io/app:${tag}`, [tags]);
    const { exitCode, stderr } = await fakeCli({ engine }).run("inspect", `r.io/app:${tag}`);
    assert.equal(exitCode, 4);
    assert.equal(stderr, `error: r.io/app:${tag} not found\nhint: ${hint}\n`);
  });
}

for (const command of ["copy", "plan", "verify", "inspect"]) {
  test(`crossdock ${command} reads one page of tags if a tag is not found, and no more`, async () => {
    const names = command === "inspect" ? ["r.io/app:1.1"] : ["r.io/app:1.1", "s.io/app"];
    const { engine, listed, counts } = withoutImage("r.io/app:1.1", [["1.0"], ["1.10"]]);
    const { exitCode, stderr } = await fakeCli({ engine }).run(command, ...names);
    assert.equal(exitCode, 4);
    assert.match(stderr, /^hint: did you mean the tag 1\.0\?$/m);
    assert.deepEqual([listed, counts.pages], [["r.io/app"], 1]);
  });
}

test("crossdock copy keeps its own hint if the tags cannot be read", async () => {
  const error = new CrossdockError("rate_limited", "list tags: 429", { hint: "wait" });
  const { engine } = withoutImage("r.io/app:1", error);
  const { exitCode, stderr } = await fakeCli({ engine }).run("copy", "r.io/app:1", "s.io/app");
  assert.equal(exitCode, 4);
  assert.match(stderr, /^error: source: r\.io\/app:1 not found\nhint: check the name; /);
});

test("crossdock copy reads no tags for a digest, another failure, or another part that is missing", async () => {
  const digest = `r.io/app@sha256:${"a".repeat(64)}`;
  const byDigest = withoutImage(digest, [["1"]]);
  assert.equal((await fakeCli(byDigest).run("copy", digest, "s.io/app")).exitCode, 4);
  assert.deepEqual(byDigest.listed, []);
  for (const code of ["not_found", "registry"] as const) {
    const { engine, listed } = withoutImage("r.io/app:1", [["1"]]);
    const error = new CrossdockError(code, "get blob: 404", { side: "source" });
    await fakeCli({ engine: { ...engine, copy: () => Promise.reject(error) } })
      .run("copy", "r.io/app:1", "s.io/app");
    assert.deepEqual(listed, []);
  }
});
