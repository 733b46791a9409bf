import assert from "node:assert/strict";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { listLayouts } from "../../src/layouts/list_layouts.ts";
import { makeFolder } from "./setup.ts";

test("listLayouts() finds the layouts below a folder, also below a layout, but not behind links", async (t) => {
  const [root, other] = [await makeFolder(t), await makeFolder(t)];
  for (const path of ["b", "a/x", "a/x/blobs/sha256", "a/x/deep", "empty"]) {
    await mkdir(join(root, path), { recursive: true });
  }
  for (const path of ["b", "a/x", "a/x/deep"]) await writeFile(join(root, path, "oci-layout"), "");
  await writeFile(join(other, "oci-layout"), "");
  await symlink(other, join(root, "link"));
  assert.deepEqual((await Array.fromAsync(listLayouts(root))).flat(), ["a/x", "a/x/deep", "b"]);
  await assert.rejects(Array.fromAsync(listLayouts(join(root, "none"))), { code: "not_found" });
});
