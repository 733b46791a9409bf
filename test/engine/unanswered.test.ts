/** Questions that only save work do not end a copy. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { staticCredentials } from "../../src/auth/credentials.ts";
import { serve } from "../support/serve.ts";
import { startRegistry } from "../support/registry.ts";
import { putImage } from "../support/image.ts";
import { requestOf, startPair } from "../support/pair.ts";

for (const status of [400, 403, 412, 500, 503]) {
  test(`copy() copies the image if HEAD and GET of the destination's tag answer ${status}`, async () => {
    await using pair = await startPair();
    const { source, destination, engine } = pair;
    await putImage(source, "app", { tag: "1" });
    const action = { status };
    destination.fail({ method: "HEAD", path: "/manifests/", times: 99, action });
    destination.fail({ method: "GET", path: "/manifests/", times: 99, action });
    const warnings: string[] = [];
    const report = await engine.copy(requestOf(pair), {
      emit: (event) => event.type === "warning" && warnings.push(event.message),
    });
    assert.equal(report.result, "copied");
    assert.deepEqual(destination.tags("app"), ["1"]);
    assert.match(warnings.join(), /without knowing whether .*app:1 is already there/);
  });
}

for (const ifExists of ["fail", "skip"] as const) {
  test(`copy() fails if ${ifExists} depends on a tag that cannot be checked`, async () => {
    await using pair = await startPair();
    const { source, destination, engine } = pair;
    await putImage(source, "app", { tag: "1" });
    destination.fail({ path: "/manifests/", times: 99, action: { status: 500 } });
    await assert.rejects(engine.copy({ ...requestOf(pair), ifExists }), {
      code: "registry",
      side: "destination",
    });
    assert.deepEqual(destination.tags("app"), []);
  });
}

test("copy() uploads the layers if mounts answer 401, without asking for tokens over and over", async () => {
  const users = { ada: "secret" };
  await using registry = await startRegistry({ auth: { type: "bearer", users } });
  const credentials = staticCredentials(
    { kind: "basic", username: "ada", password: "secret" },
    "--creds",
  );
  await using pair = await startPair({
    engine: { source: { credentials }, destination: { credentials } },
  });
  await putImage(registry, "app/src", { tag: "1", layers: 9 });
  const challenge = `Bearer realm="${registry.url}/token",service="${registry.host}",` +
    `scope="repository:app/src:pull",error="insufficient_scope"`;
  await using proxy = await serve(async (request) => {
    const url = new URL(request.url);
    if (url.searchParams.has("mount")) {
      await request.body?.cancel();
      return new Response(null, { status: 401, headers: { "www-authenticate": challenge } });
    }
    return await registry.fetch(request);
  });
  await pair.engine.copy({
    source: `${proxy.host}/app/src:1`,
    destination: `${proxy.host}/app/dst`,
  });
  assert.deepEqual(registry.tags("app/dst"), ["1"]);
  assert.ok(registry.count({ kind: "token" }) < 12, `${registry.count({ kind: "token" })} tokens`);
});

test("verify() finds no difference where the storage denies HEAD", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  await putImage(source, "app", { tag: "1" });
  await engine.copy(requestOf(pair));
  await using storage = await serve(({ method }) =>
    method === "HEAD" ? new Response(null, { status: 403 }) : new Response("x")
  );
  destination.fail({ path: "/blobs/", times: 99, action: { redirect: `${storage.url}/x` } });
  assert.equal((await engine.verify(requestOf(pair))).equal, true);
});
