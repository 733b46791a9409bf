import assert from "node:assert/strict";
import { test } from "node:test";
import { serve } from "../support/serve.ts";
import type { Server } from "../support/serve.ts";
import { putImage } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";
import { failureOf, openSide } from "./setup.ts";

async function pages(host: string, options: { last?: string } = {}): Promise<string[][]> {
  const found: string[][] = [];
  const { pull } = await openSide(host);
  for await (const page of pull("a/b").listTags(options)) found.push(page);
  return found;
}

function serveJson(body: unknown): Promise<Server> {
  return serve(() => Response.json(body));
}

test("Repository.listTags() asks for a thousand at a time", async () => {
  await using registry = await startRegistry();
  await putImage(registry, "a/b", { tag: "1" });
  assert.deepEqual(await pages(registry.host), [["1"]]);
  assert.equal(registry.requests[0]?.query.get("n"), "1000");
  assert.equal(registry.requests[0]?.query.get("last"), null);
});

test("Repository.listTags() follows Link from page to page", async () => {
  await using registry = await startRegistry();
  const { descriptor } = await putImage(registry, "a/b");
  for (let i = 0; i < 2500; i++) registry.setTag("a/b", `t${i}`, descriptor.digest);
  const found = await pages(registry.host);
  assert.deepEqual(found.map((page) => page.length), [1000, 1000, 500]);
  assert.equal(new Set(found.flat()).size, 2500);
});

test("Repository.listTags() reads no further page than is asked for", async () => {
  await using registry = await startRegistry();
  const { descriptor } = await putImage(registry, "a/b");
  for (let i = 0; i < 2500; i++) registry.setTag("a/b", `t${i}`, descriptor.digest);
  const { pull } = await openSide(registry.host);
  for await (const page of pull("a/b").listTags()) {
    assert.equal(page.length, 1000);
    break;
  }
  assert.equal(registry.count(), 1);
});

test("Repository.listTags() begins behind `last`", async () => {
  await using registry = await startRegistry();
  for (const tag of ["a", "b", "c"]) await putImage(registry, "a/b", { tag });
  assert.deepEqual(await pages(registry.host, { last: "a" }), [["b", "c"]]);
});

for (
  const [name, body, wanted] of [
    ["null tags", { name: "a/b", tags: null }, []],
    ["no tags", { name: "a/b" }, []],
    ["null among the tags", { tags: ["a", null, "b"] }, ["a", "b"]],
    ["digests among the tags", { tags: ["a", `sha256:${"0".repeat(64)}`] }, ["a"]],
    ["control characters", { tags: ["a", "b\u001b[2J", "../x", ""] }, ["a"]],
  ] as const
) {
  test(`Repository.listTags() takes ${name}`, async () => {
    await using server = await serveJson(body);
    assert.deepEqual(await pages(server.host), [wanted]);
  });
}

for (
  const [name, body] of [["tags that are no list", { tags: "a" }], ["a list", []], ["a text", "x"]]
) {
  test(`Repository.listTags() refuses ${name}`, async () => {
    await using server = await serveJson(body);
    const error = await failureOf(pages(server.host));
    assert.deepEqual([error.code, error.side], ["registry", "source"]);
  });
}

test("Repository.listTags() refuses a web page", async () => {
  await using server = await serve(() => new Response("<html></html>"));
  const error = await failureOf(pages(server.host));
  assert.equal(error.code, "registry");
  assert.match(error.hint ?? "", /something other than a registry/);
});

test("Repository.listTags() says not_found for a repository that is not there", async () => {
  await using registry = await startRegistry();
  assert.equal((await failureOf(pages(registry.host))).code, "not_found");
});

test("Repository.listTags() does not follow Link to another origin", async () => {
  let asked = 0;
  await using elsewhere = await serve(() => {
    asked++;
    return Response.json({ tags: ["evil"] });
  });
  await using server = await serve(() =>
    Response.json({ tags: ["a"] }, { headers: { link: `<${elsewhere.url}/x>; rel="next"` } })
  );
  assert.deepEqual(await pages(server.host), [["a"]]);
  assert.equal(asked, 0);
});

test("Repository.listTags() does not ask for ever where a page links to itself", async () => {
  let asked = 0;
  await using server = await serve((request) => {
    asked++;
    return Response.json({ tags: ["a"] }, { headers: { link: `<${request.url}>; rel="next"` } });
  });
  assert.deepEqual(await pages(server.host), [["a"]]);
  assert.equal(asked, 1);
});
