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
    assert.deepEqual((await pages(server.host)).flat(), wanted);
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
  assert.match(error.hint ?? "", /another service answers/);
});

test("Repository.listTags() says not_found for a repository that is not there", async () => {
  await using registry = await startRegistry();
  assert.equal((await failureOf(pages(registry.host))).code, "not_found");
});

test("Repository.listTags() keeps to the registry where Link names another", async () => {
  let askedElsewhere = 0;
  await using elsewhere = await serve(() => {
    askedElsewhere++;
    return Response.json({ tags: ["evil"] });
  });
  const asked: string[] = [];
  await using server = await serve((request) => {
    const { pathname, search } = new URL(request.url);
    asked.push(pathname + search);
    const link = `<${elsewhere.url}/v2/a/b/tags/list?n=1&last=a>; rel="next"`;
    return asked.length === 1
      ? Response.json({ tags: ["a"] }, { headers: { link } })
      : Response.json({ tags: ["b"] });
  });
  assert.deepEqual(await pages(server.host), [["a"], ["b"]]);
  assert.deepEqual(asked, ["/v2/a/b/tags/list?n=1000", "/v2/a/b/tags/list?n=1&last=a"]);
  assert.equal(askedElsewhere, 0);
});

/** A registry that gives no Link. */
async function serveUnlinked(
  count: number,
  { size = Infinity, ignoresLast = false }: { size?: number; ignoresLast?: boolean } = {},
): Promise<Server & { readonly all: string[]; readonly asked: (string | null)[] }> {
  const all = Array.from({ length: count }, (_, i) => `t${10_000 + i}`);
  const asked: (string | null)[] = [];
  const server = await serve((request) => {
    const last = new URL(request.url).searchParams.get("last");
    asked.push(last);
    const from = last === null || ignoresLast ? 0 : all.indexOf(last) + 1;
    return Response.json({ tags: all.slice(from, from + size) });
  });
  return Object.assign(server, { all, asked });
}

test("Repository.listTags() goes on by `last` where a full page has no Link", async () => {
  await using server = await serveUnlinked(2500, { size: 1000 });
  const found = await pages(server.host);
  assert.deepEqual(found.map((page) => page.length), [1000, 1000, 500]);
  assert.deepEqual(found.flat(), server.all);
  assert.deepEqual(server.asked, [null, "t10999", "t11999"]);
});

for (
  const [name, count, size, asked] of [
    ["a page shorter than asked for", 999, 1000, 1],
    ["a page of the size asked for, and an empty one", 1000, 1000, 2],
    ["a page longer than asked for", 1001, Infinity, 1],
  ] as const
) {
  test(`Repository.listTags() ends at ${name}`, async () => {
    await using server = await serveUnlinked(count, { size });
    assert.deepEqual(await pages(server.host), [server.all]);
    assert.equal(server.asked.length, asked);
  });
}

test("Repository.listTags() stops where `last` is ignored, and gives no tag twice", async () => {
  await using server = await serveUnlinked(2500, { size: 1000, ignoresLast: true });
  assert.deepEqual(await pages(server.host), [server.all.slice(0, 1000)]);
  assert.equal(server.asked.length, 2);
});

test("Repository.listTags() stops where Link leads in circles", async () => {
  let asked = 0;
  await using server = await serve((request) => {
    asked++;
    const isFirst = !new URL(request.url).search.includes("last");
    const [tags, rest] = isFirst ? [["a", "b"], "?last=b"] : [["b", "c"], ""];
    const link = `</v2/a/b/tags/list${rest}>; rel="next"`;
    return Response.json({ tags }, { headers: { link } });
  });
  assert.deepEqual(await pages(server.host), [["a", "b"], ["c"]]);
  assert.equal(asked, 3);
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
