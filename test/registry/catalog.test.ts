import assert from "node:assert/strict";
import { test } from "node:test";
import { staticCredentials } from "../../src/auth/credentials.ts";
import { listCatalog } from "../../src/registry/catalog.ts";
import { putImage } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";
import { serve } from "../support/serve.ts";
import type { Server } from "../support/serve.ts";
import { failureOf, openSide } from "./setup.ts";
import type { SideOptions } from "./setup.ts";

async function pages(host: string, options?: SideOptions): Promise<string[][]> {
  const { client } = await openSide(host, options);
  return await Array.fromAsync(listCatalog(client));
}

test("listCatalog() gives the names within the registry", async () => {
  await using registry = await startRegistry();
  for (const name of ["b", "a/b", "a/b/c"]) await putImage(registry, name, { tag: "1" });
  assert.deepEqual(await pages(registry.host), [["a/b", "a/b/c", "b"]]);
  assert.equal(registry.requests[0]?.query.get("n"), "1000");
  assert.equal(registry.count(), 1);
});

test("listCatalog() gives nothing for an empty registry", async () => {
  await using registry = await startRegistry();
  assert.deepEqual(await pages(registry.host), []);
});

test("listCatalog() requests a token for the catalog", async () => {
  await using registry = await startRegistry({
    auth: { type: "bearer", users: { ann: "secret" } },
  });
  await putImage(registry, "app", { tag: "1" });
  const ann = staticCredentials({ kind: "basic", username: "ann", password: "secret" }, "test");
  assert.deepEqual(await pages(registry.host, { credentials: ann }), [["app"]]);
  const [token] = registry.requests.filter(({ kind }) => kind === "token");
  assert.equal(token?.query.get("scope"), "registry:catalog:*");
  const error = await failureOf(pages(registry.host));
  assert.equal(error.code, "unauthorized");
});

test("listCatalog() follows Link from page to page", async () => {
  await using server = await serve((request) => {
    const { searchParams } = new URL(request.url);
    const isFirst = searchParams.get("page") === null;
    const headers = new Headers(isFirst ? { link: `</v2/_catalog?page=2>; rel="next"` } : {});
    return Response.json({ repositories: isFirst ? ["a"] : ["b"] }, { headers });
  });
  assert.deepEqual(await pages(server.host), [["a"], ["b"]]);
});

test("listCatalog() continues by `last` if a full page has no Link", async () => {
  const all = Array.from({ length: 230 }, (_, i) => `r${1000 + i}`);
  const asked: (string | null)[] = [];
  await using server = await serve((request) => {
    const last = new URL(request.url).searchParams.get("last");
    asked.push(last);
    const from = last === null ? 0 : all.indexOf(last) + 1;
    return Response.json({ repositories: all.slice(from, from + 100) });
  });
  assert.deepEqual((await pages(server.host)).flat(), all);
  assert.deepEqual(asked, [null, "r1099", "r1199"]);
});

/** Ignores `last`, sends no Link, and returns at most `limit` names, or `n` if it is not ignored. */
function serveOnePage(all: readonly string[], limit: number, asked: string[]): Promise<Server> {
  return serve((request) => {
    const { search, searchParams } = new URL(request.url);
    asked.push(search);
    const n = limit === Infinity ? Infinity : Number(searchParams.get("n") ?? limit);
    return Response.json({ repositories: all.slice(0, Math.min(limit, n)) });
  });
}

test("listCatalog() ends where the registry has no pages", async () => {
  const all = Array.from({ length: 150 }, (_, i) => `r${i}`);
  const asked: string[] = [];
  await using server = await serveOnePage(all, Infinity, asked);
  assert.deepEqual(await pages(server.host), [all]);
  assert.deepEqual(asked, ["?n=1000", "?n=1000&last=r149", "?n=1"]);
});

test("listCatalog() rejects a list that a registry truncates without a way to continue", async () => {
  const all = Array.from({ length: 150 }, (_, i) => `r${i}`);
  await using server = await serveOnePage(all, 100, []);
  const error = await failureOf(pages(server.host));
  assert.deepEqual([error.code, error.side], ["registry", "source"]);
  assert.match(error.message, /may be incomplete: it ignores "last"/);
});

test("listCatalog() fetches no page before it is read", async () => {
  await using registry = await startRegistry();
  for (let i = 0; i < 1001; i++) await putImage(registry, `r${i}`, { layers: 0 });
  const { client } = await openSide(registry.host);
  for await (const page of listCatalog(client)) {
    assert.equal(page.length, 1000);
    break;
  }
  assert.equal(registry.count(), 1);
});

test("listCatalog() omits the page size for a registry that rejects it", async () => {
  const asked: string[] = [];
  await using server = await serve((request) => {
    const { search } = new URL(request.url);
    asked.push(search);
    return search === ""
      ? Response.json({ repositories: ["a"] })
      : Response.json({ errors: [{ code: "PAGINATION_NUMBER_INVALID" }] }, { status: 400 });
  });
  assert.deepEqual(await pages(server.host), [["a"]]);
  assert.deepEqual(asked, ["?n=1000", ""]);
});

test("listCatalog() stays at the registry if Link names another, and returns no name twice", async () => {
  const asked: string[] = [];
  await using server = await serve((request) => {
    const { search } = new URL(request.url);
    asked.push(search);
    const [repositories, last] = [[["a", "b"], "b"], [["b", "c"], "c"]][asked.length - 1] ??
      [["c", "a"]];
    const link = `<http://registry.internal:5000/v2/_catalog?last=${last}>; rel="next"`;
    return Response.json({ repositories }, { headers: asked.length > 2 ? {} : { link } });
  });
  assert.deepEqual(await pages(server.host), [["a", "b"], ["c"]]);
  assert.deepEqual(asked, ["?n=1000", "?last=b", "?last=c"]);
});

for (
  const [name, body, wanted] of [
    ["null repositories", { repositories: null }, []],
    ["names that are none", { repositories: ["a", null, "../x", "B", "c\u001b[2J"] }, [["a"]]],
  ] as const
) {
  test(`listCatalog() takes ${name}`, async () => {
    await using server = await serve(() => Response.json(body));
    assert.deepEqual(await pages(server.host), wanted);
  });
}

for (const body of [{}, { errors: [{ code: "DENIED" }] }, { repositories: "a" }]) {
  test(`listCatalog() rejects ${JSON.stringify(body)}`, async () => {
    await using server = await serve(() => Response.json(body));
    const error = await failureOf(pages(server.host));
    assert.equal(error.code, "registry");
    assert.match(error.message, /the response has no list of repositories/);
  });
}

test("listCatalog() reports that a registry has no catalog", async () => {
  await using registry = await startRegistry({ catalog: false });
  const error = await failureOf(pages(registry.host));
  assert.deepEqual([error.code, error.side], ["unsupported", "source"]);
  assert.match(error.message, /no catalog \(status 404\)/);
  assert.match(error.hint ?? "", /name each repository/);
});

test("listCatalog() rejects a response that is not a list", async () => {
  await using server = await serve(() => Response.json({ repositories: "a" }));
  assert.equal((await failureOf(pages(server.host))).code, "registry");
});
