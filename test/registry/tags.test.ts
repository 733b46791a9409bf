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

test("Repository.listTags() requests pages of 1000", async () => {
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

test("Repository.listTags() fetches no page before it is read", async () => {
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
  const [name, body] of [
    ["tags that are no list", { tags: "a" }],
    ["neither name nor tags", {}],
    ["errors with status 200", { errors: [{ code: "DENIED" }] }],
    ["a list", []],
    ["a text", "x"],
  ]
) {
  test(`Repository.listTags() rejects ${name}`, async () => {
    await using server = await serveJson(body);
    const error = await failureOf(pages(server.host));
    assert.deepEqual([error.code, error.side], ["registry", "source"]);
  });
}

test("Repository.listTags() rejects a web page", async () => {
  await using server = await serve(() => new Response("<html></html>"));
  const error = await failureOf(pages(server.host));
  assert.equal(error.code, "registry");
  assert.match(error.hint ?? "", /another service answers/);
});

test("Repository.listTags() fails with not_found for a missing repository", async () => {
  await using registry = await startRegistry();
  assert.equal((await failureOf(pages(registry.host))).code, "not_found");
});

test("Repository.listTags() stays at the registry if Link names another", async () => {
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

test("Repository.listTags() continues by `last` if a full page has no Link", async () => {
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

/** Lists the tags of a registry and expects an error that says that the list may be incomplete. */
async function rejectsIncomplete(host: string, reason: RegExp): Promise<void> {
  const error = await failureOf(pages(host));
  assert.deepEqual([error.code, error.side], ["registry", "source"]);
  assert.match(error.message, /may be incomplete/);
  assert.match(error.message, reason);
}

test("Repository.listTags() rejects a truncated page of a registry that ignores `last`", async () => {
  await using server = await serveUnlinked(2500, { size: 1000, ignoresLast: true });
  await rejectsIncomplete(server.host, /ignores "last" after a full page of 1000 names/);
  assert.equal(server.asked.length, 2);
});

test("Repository.listTags() continues after a page limit of 100 without a Link", async () => {
  await using server = await serveUnlinked(250, { size: 100 });
  assert.deepEqual((await pages(server.host)).flat(), server.all);
  assert.deepEqual(server.asked, [null, "t10099", "t10199"]);
});

test("Repository.listTags() takes 200 tags of a registry without pages for the whole list", async () => {
  await using server = await serveUnlinked(200, { ignoresLast: true });
  assert.deepEqual(await pages(server.host), [server.all]);
});

/** A registry that answers each request as `answer` says. The query shows which page is requested. */
async function serveQueries(
  answer: (query: string) => Response,
): Promise<Server & { readonly asked: string[] }> {
  const asked: string[] = [];
  const server = await serve((request) => {
    const { search } = new URL(request.url);
    asked.push(search);
    return answer(search);
  });
  return Object.assign(server, { asked });
}

function page(tags: readonly unknown[], link?: string): Response {
  return Response.json({ tags }, { headers: link === undefined ? {} : { link } });
}

for (const status of [400, 416, 422]) {
  test(`Repository.listTags() leaves the page size to a registry that rejects it with ${status}`, async () => {
    const errors = [{ code: "PAGINATION_NUMBER_INVALID" }];
    await using server = await serveQueries((query) => {
      if (query.includes("n=")) return Response.json({ errors }, { status });
      return query === "" ? page(["a"], `<?last=a>; rel="next"`) : page(["b"]);
    });
    assert.deepEqual(await pages(server.host), [["a"], ["b"]]);
    assert.deepEqual(server.asked, ["?n=1000", "", "?last=a"]);
  });
}

test("Repository.listTags() sends no page size again to a registry that rejected it", async () => {
  const all = Array.from({ length: 150 }, (_, i) => `t${100 + i}`);
  await using server = await serveQueries((query) => {
    const last = new URLSearchParams(query).get("last");
    if (query.includes("n=")) return new Response(null, { status: 400 });
    const from = last === null ? 0 : all.indexOf(last) + 1;
    return page(all.slice(from, from + 100));
  });
  assert.deepEqual((await pages(server.host)).flat(), all);
  assert.deepEqual(server.asked, ["?n=1000", "", "?last=t199"]);
});

test("Repository.listTags() reports a 400 that is not about the page size", async () => {
  await using server = await serveQueries(() => new Response("bad", { status: 400 }));
  const error = await failureOf(pages(server.host));
  assert.equal(error.code, "registry");
  assert.match(error.message, /answered 400/);
  assert.equal(server.asked.length, 2);
});

for (
  const link of [
    '<?page=2>; rel="last next"',
    '/v2/a/b/tags/list?page=2; rel="next"',
    "?page=2;rel=next",
  ]
) {
  test(`Repository.listTags() follows ${link}`, async () => {
    await using server = await serveQueries((query) =>
      query === "?page=2" ? page(["b"]) : page(["a"], link)
    );
    assert.deepEqual(await pages(server.host), [["a"], ["b"]]);
  });
}

test("Repository.listTags() rejects a Link that it cannot read", async () => {
  await using server = await serveQueries(() => page(["a"], "</v2/a/b/tags/list?page=2>"));
  await rejectsIncomplete(server.host, /Link header cannot be read/);
});

test("Repository.listTags() rejects a Link that leads in circles", async () => {
  await using server = await serveQueries((query) =>
    query.includes("last=b")
      ? page(["b", "c"], "<?n=1000>; rel=next")
      : page(["a", "b"], "<?last=b>; rel=next")
  );
  await rejectsIncomplete(server.host, /link in a circle/);
  assert.equal(server.asked.length, 3);
});

test("Repository.listTags() rejects a next page that repeats the page before it", async () => {
  await using server = await serve((request) => {
    const isFirst = !new URL(request.url).searchParams.has("page");
    const headers: HeadersInit = isFirst ? { link: `<?page=2>; rel="next"` } : {};
    return Response.json({ name: "a/b", tags: ["a", "b"] }, { headers });
  });
  assert.match((await failureOf(pages(server.host))).message, /may be incomplete/);
});

for (const body of [{}, { errors: [{ code: "DENIED" }] }]) {
  test(`Repository.listTags() rejects ${JSON.stringify(body)} as the second page`, async () => {
    await using server = await serve((request) => {
      if (new URL(request.url).searchParams.has("page")) return Response.json(body);
      const headers = { link: `<?page=2>; rel="next"` };
      return Response.json({ name: "a/b", tags: ["a", "b"] }, { headers });
    });
    assert.match((await failureOf(pages(server.host))).message, /has no list of tags/);
  });
}

test("Repository.listTags() rejects a page that links to itself", async () => {
  await using server = await serveQueries((query) => page(["a"], `<${query}>; rel="next"`));
  await rejectsIncomplete(server.host, /links to itself/);
  assert.equal(server.asked.length, 1);
});

test("Repository.listTags() ends at an empty page that links to itself", async () => {
  await using server = await serveQueries((query) =>
    query.includes("last=a") ? page([], "<?last=a>; rel=next") : page(["a"], "<?last=a>; rel=next")
  );
  assert.deepEqual(await pages(server.host), [["a"]]);
});

for (const status of [404, 405]) {
  test(`Repository.listTags() does not take a ${status} of a later page for the end`, async () => {
    await using server = await serveQueries((query) =>
      query.includes("page=2")
        ? new Response(null, { status })
        : page(["a"], `<?page=2>; rel="next"`)
    );
    const error = await failureOf(pages(server.host));
    assert.equal(error.code, "registry");
  });
}

test("Repository.listTags() ends with an error at tags of 4 MiB without end", async () => {
  const filler = "x".repeat(4 * 1000 * 1000);
  await using server = await serveQueries((query) => {
    const number = Number(new URLSearchParams(query).get("page") ?? 0);
    return page([`${number}${filler}`], `<?page=${number + 1}>; rel="next"`);
  });
  const error = await failureOf(pages(server.host));
  assert.deepEqual([error.code, error.side], ["limit", "source"]);
  assert.match(error.message, /more than 1048576 characters in names above 255/);
  assert.equal(server.asked.length, 1);
});
