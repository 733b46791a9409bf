/** The functions of the library in a Worker. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { putIndex } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";
import { startWorker } from "../support/workerd.ts";

test("copy() and verify() use the defaults of a Worker", async () => {
  await using source = await startRegistry();
  await using destination = await startRegistry();
  await using worker = await startWorker({ script: new URL("library_worker.ts", import.meta.url) });
  const { descriptor } = await putIndex(source, "app", { tag: "1", platforms: ["linux/amd64"] });
  const call = async (from: string, to: string): Promise<unknown> =>
    await (await fetch(`${worker.url}/?${new URLSearchParams({ source: from, destination: to })}`))
      .json();
  assert.deepEqual(await call(`${source.host}/app:1`, `${destination.host}/app`), {
    digest: descriptor.digest,
    equal: true,
  });
  assert.equal(destination.getManifest("app", "1")?.digest, descriptor.digest);
  assert.deepEqual(await call("oci:./app", `${destination.host}/app`), {
    name: "CrossdockError",
    message: "oci:./app is not a registry, and folders and files cannot be opened here",
  });
});
