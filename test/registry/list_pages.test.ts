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
    return Promise.resolve({ entries, link: `</v2/app/tags/list?page=${pages}>; rel="next"` });
  };
  const at = (): URL => new URL("https://r.example/v2/app/tags/list");
  const names = listPages({ at, read, isFull: (count) => count === SIZE });
  await assert.rejects(async () => {
    for await (const _ of names);
  }, { code: "limit", message: /r\.example has more than/ });
  return pages;
}

test("listPages() refuses a list without an end, which would look whole where it is cut", async () => {
  const pages = await readAll((page) => Array.from({ length: SIZE }, (_, i) => `${page}-${i}`));
  assert.equal(pages, 501);
});

test("listPages() refuses empty pages without an end", async () => {
  assert.equal(await readAll(() => []), 10_001);
});
