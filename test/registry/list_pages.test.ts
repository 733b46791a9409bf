import assert from "node:assert/strict";
import { test } from "node:test";
import { listPages } from "../../src/registry/list_pages.ts";
import type { NamePage } from "../../src/registry/list_pages.ts";

const SIZE = 1000;

/** Reads pages of a registry that always says that there is one more, and counts them. */
async function readAll(entriesOf: (page: number) => unknown[]): Promise<number> {
  let pages = 0;
  const read = (): Promise<NamePage> => {
    const entries = entriesOf(++pages);
    return Promise.resolve({ entries, next: new URL(`?page=${pages}`, url) });
  };
  const url = new URL("https://r.example/v2/app/tags/list");
  const isFull = (count: number): boolean => count === SIZE;
  const names = listPages({ url, size: SIZE, read, isFull, side: "source" });
  await assert.rejects(async () => {
    for await (const _ of names);
  }, { code: "limit", side: "source", message: /r\.example.* more than/ });
  return pages;
}

test("listPages() rejects an endless list, because a cut list would look complete", async () => {
  const pages = await readAll((page) => Array.from({ length: SIZE }, (_, i) => `${page}-${i}`));
  assert.equal(pages, 501);
});

test("listPages() rejects endless empty pages", async () => {
  assert.equal(await readAll(() => []), 10_001);
});

test("listPages() refuses entries that are longer than names, above 1 MiB in all", async () => {
  const filler = "x".repeat(100 * 1024);
  assert.equal(await readAll((page) => [`${page}${filler}`]), 11);
});
