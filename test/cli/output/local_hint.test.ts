import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { toLocalHint } from "../../../src/cli/output/local_hint.ts";
import { CrossdockError, ParseError } from "../../../src/errors.ts";
import type { Side } from "../../../src/errors.ts";

/** Lists folders below a new one, in which the test has created files. */
async function createFolder(t: TestContext): Promise<(name: string) => Promise<string[]>> {
  const folder = await mkdtemp(join(tmpdir(), "crossdock-"));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "image"), "");
  for (
    const [name, file] of [["layout", "oci-layout"], ["skopeo", "manifest.json"], [
      "alpine",
      "main.go",
    ]]
  ) {
    await mkdir(join(folder, `${name}`));
    await writeFile(join(folder, `${name}`, `${file}`), "");
  }
  return (name) => readdir(join(folder, name));
}

const CASES: readonly [names: string[], side: Side, hint: RegExp | undefined][] = [
  [
    ["image.tar", "r.io/x"],
    "source",
    /^if image\.tar is a file .* write docker-archive:image\.tar /,
  ],
  [["r.io/x", "out.tar"], "destination", /docker-archive:out\.tar/],
  [["image", "r.io/x"], "source", /docker-archive:image for a tar file/],
  [["layout", "r.io/x"], "source", /write oci:layout for an OCI layout/],
  [["skopeo", "r.io/x"], "source", /dir:skopeo for a folder/],
  [["alpine", "r.io/x"], "source", undefined],
  [["absent", "r.io/x"], "source", undefined],
  [["image.tar", "r.io/x"], "destination", undefined],
  [["docker.io/library/image.tar", "r.io/x"], "source", undefined],
  [["docker-archive:image.tar", "r.io/x"], "source", undefined],
  [["r.io/image.tar", "r.io/x"], "source", undefined],
];

for (const [names, side, hint] of CASES) {
  test(`toLocalHint() of ${names.join(" to ")}, failed at the ${side}: ${hint ?? "none"}`, async (t) => {
    const listFolder = await createFolder(t);
    const error = new CrossdockError("unauthorized", "401", { side });
    const found = await toLocalHint(error, { names }, { listFolder });
    if (hint === undefined) assert.equal(found, undefined);
    else assert.match(found ?? "", hint);
  });
}

test("toLocalHint() has none for a wrong command line, nor for a copy by a server", async (t) => {
  const listFolder = await createFolder(t);
  const names = ["image.tar"];
  assert.equal(await toLocalHint(new ParseError("x"), { names }, { listFolder }), undefined);
  const error = new CrossdockError("not_found", "404", { side: "source" });
  const values = { via: "https://c.example" };
  assert.equal(await toLocalHint(error, { names, values }, { listFolder }), undefined);
});
