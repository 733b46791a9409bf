import assert from "node:assert/strict";
import { test } from "node:test";
import { putImage } from "../support/image.ts";
import type { PutImage } from "../support/image.ts";
import type { RunningRegistry } from "../support/registry.ts";
import { requestOf, startPair } from "../support/pair.ts";
import type { Pair } from "../support/pair.ts";

const MIB = 1024 * 1024;

async function putLarge({ source }: Pair): Promise<PutImage & { path: string; digest: string }> {
  const image = await putImage(source, "app", { tag: "1", layers: 1, layerBytes: 3 * MIB });
  const digest = image.layers[0]?.digest ?? "";
  return { ...image, digest, path: `/blobs/${digest}` };
}

function uploadsOf(registry: RunningRegistry): number {
  return registry.requests.filter(({ method, requestBytes }) =>
    /^(PUT|PATCH)$/.test(method) && requestBytes >= 100_000
  ).length;
}

test("copy() resumes by a Range where the source cut the connection, within one upload", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const { digest, path } = await putLarge(pair);
  source.fail({ method: "GET", path, action: { cutAfterBytes: MIB } });
  await engine.copy(requestOf(pair));
  assert.deepEqual(await destination.getBlob("app", digest), await source.getBlob("app", digest));
  const gets = source.requests.filter((r) => r.method === "GET" && r.path.endsWith(path));
  assert.equal(gets.length, 2);
  assert.match(gets[1]?.headers.get("range") ?? "", /^bytes=[1-9]\d*-/);
  assert.equal(uploadsOf(destination), 1);
});

test("copy() resumes after each of several cut connections", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const { digest, path } = await putLarge(pair);
  source.fail({ method: "GET", path, times: 3, action: { cutAfterBytes: MIB / 2 } });
  await engine.copy(requestOf(pair));
  assert.deepEqual(await destination.getBlob("app", digest), await source.getBlob("app", digest));
  assert.equal(source.count({ method: "GET", path }), 4);
  assert.equal(uploadsOf(destination), 1);
});

test("copy() restarts the blob at a source without ranges", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const { digest, path } = await putLarge(pair);
  const bytes = await source.getBlob("app", digest);
  assert.ok(bytes);
  source.fail({ method: "GET", path, action: { cutAfterBytes: MIB } });
  source.fail({
    method: "GET",
    path,
    after: 1,
    action: {
      tamper: async (response): Promise<Response> => {
        await response.body?.cancel();
        return new Response(bytes, { headers: { "content-length": `${bytes.length}` } });
      },
    },
  });
  await engine.copy(requestOf(pair));
  assert.deepEqual(await destination.getBlob("app", digest), bytes);
  assert.equal(destination.tags("app").join(), "1");
});

test("copy() starts a new upload after the destination cut one", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const { digest } = await putLarge(pair);
  const cut = destination.fail({
    method: "PUT",
    path: "/blobs/uploads/",
    action: { cutRequestAfterBytes: MIB / 2 },
  });
  await engine.copy(requestOf(pair));
  assert.equal(cut.hits, 1);
  assert.deepEqual(await destination.getBlob("app", digest), await source.getBlob("app", digest));
});

test("copy() fails after a limited number of tries if the source always cuts the connection", async () => {
  await using pair = await startPair({ engine: { retries: 2 } });
  const { source, destination, engine } = pair;
  const { path, digest } = await putLarge(pair);
  source.fail({ method: "GET", path, times: 1000, action: { cutAfterBytes: 1000 } });
  await assert.rejects(engine.copy(requestOf(pair)), {
    name: "CopyError",
    code: "network",
    side: "source",
  });
  const gets = source.count({ method: "GET", path });
  assert.ok(gets > 2 && gets <= 9, `${gets} requests`);
  assert.equal(destination.hasBlob("app", digest), false);
  assert.deepEqual(destination.tags("app"), []);
});

test("copy() fails after the allowed retries if the destination always cuts the connection", async () => {
  await using pair = await startPair({ engine: { retries: 2 } });
  const { destination, engine } = pair;
  const { digest } = await putLarge(pair);
  const cut = destination.fail({
    method: "PUT",
    path: "/blobs/uploads/",
    times: 1000,
    action: { cutRequestAfterBytes: 100_000 },
  });
  await assert.rejects(engine.copy(requestOf(pair)), { name: "CopyError", code: "network" });
  assert.ok(cut.hits > 0 && cut.hits <= 9, `${cut.hits} cuts`);
  assert.equal(destination.hasBlob("app", digest), false);
  assert.deepEqual(destination.tags("app"), []);
});

test("copy() requests new tokens if the old ones are revoked during the copy", async () => {
  const auth = { type: "bearer", users: { me: "secret" }, anonymousPull: true } as const;
  await using pair = await startPair({ source: { auth } });
  const { source, destination, engine } = pair;
  const { digest, path } = await putLarge(pair);
  source.fail({ method: "GET", path, action: { cutAfterBytes: MIB } });
  await engine.copy(requestOf(pair), {
    emit: (event) => {
      if (event.type === "retry") source.revokeTokens();
    },
  });
  assert.equal(source.count({ method: "GET", path, status: 401 }), 1);
  assert.ok(destination.hasBlob("app", digest));
  assert.ok(destination.getManifest("app", "1"));
});
