import assert from "node:assert/strict";
import { test } from "node:test";
import { nextLink } from "../../src/registry/link_header.ts";

const BASE = "https://h/v2/a/tags/list?n=2";

const ROWS: readonly [name: string, header: string | null, wanted: string | undefined][] = [
  ["no header", null, undefined],
  ["nothing", "", undefined],
  ["a path", `</v2/a/tags/list?n=2&last=b>; rel="next"`, "https://h/v2/a/tags/list?n=2&last=b"],
  ["a query", `<?n=2&last=b>; rel="next"`, "https://h/v2/a/tags/list?n=2&last=b"],
  ["a URL", `<https://h/x?last=b>; rel="next"`, "https://h/x?last=b"],
  ["rel without quotes", `</x>; rel=next`, "https://h/x"],
  ["rel without space", `</x>;rel="next"`, "https://h/x"],
  ["rel in capitals", `</x>; REL="NEXT"`, "https://h/x"],
  ["another parameter before rel", `</x>; title="a"; rel="next"`, "https://h/x"],
  ["another parameter after rel", `</x>; rel="next"; title="a"`, "https://h/x"],
  ["several links", `</p>; rel="prev", </x>; rel="next", </y>; rel="last"`, "https://h/x"],
  ["a comma in the URL", `</x?a=b,c>; rel="next"`, "https://h/x?a=b,c"],
  ["other relations only", `</p>; rel="prev"`, undefined],
  ["a relation that begins alike", `</p>; rel="nextish"`, undefined],
  ["several values of rel", `</x>; rel="last next"`, "https://h/x"],
  ["several values of rel, next first", `</x>; rel="next  last"`, "https://h/x"],
  ["rel in single quotes", `</x>; rel='next'`, "https://h/x"],
  ["spaces around everything", ` </x> ; rel = "next" ; title = "a" `, "https://h/x"],
  ["a comma and a semicolon in a title", `</p>; title="a, <b>; rel=x"; rel=next`, "https://h/p"],
  ["an empty parameter", `</x>;; rel=next;`, "https://h/x"],
  ["a preloaded file beside it", `</a.css>; rel=preload; as=style, </x>; rel=next`, "https://h/x"],
  ["a quote in a title", `</x>; title="a \\"b\\""; rel=next`, "https://h/x"],
  ["empty elements", `, , </p>; rel=prev,, </x>; rel=next,`, "https://h/x"],
  ["no brackets", `/v2/x/tags/list?page=2; rel="next"`, "https://h/v2/x/tags/list?page=2"],
  ["another origin", `<https://internal/x?last=b>; rel="next"`, "https://h/x?last=b"],
  ["another port", `<https://h:8443/x>; rel="next"`, "https://h/x"],
  ["a name and a password", `<https://ann:secret@h/x>; rel="next"`, "https://h/x"],
  ["two slashes", `<https://internal//evil/x>; rel="next"`, "https://h//evil/x"],
  ["a host alone", `<//evil/x>; rel="next"`, "https://h/x"],
  ["the same host in plain HTTP", `<http://h/x?last=b>; rel="next"`, "https://h/x?last=b"],
  ["another host in plain HTTP", `<http://internal:5000/x>; rel="next"`, "https://h/x"],
];

for (const [name, header, wanted] of ROWS) {
  test(`nextLink() of ${name}`, () => {
    assert.equal(nextLink(header, new URL(BASE))?.href, wanted);
  });
}

const UNREADABLE: readonly [name: string, header: string, reason: RegExp][] = [
  ["no relation", `</p>`, /cannot be read/],
  ["an empty relation", `</p>; rel=""`, /cannot be read/],
  ["words", `next page`, /cannot be read/],
  ["an unclosed bracket", `</p; rel="next"`, /cannot be read/],
  ["an unclosed quote", `</p>; rel="next`, /cannot be read/],
  ["two links without a comma", `</p>; rel="prev" </x>; rel="next"`, /cannot be read/],
  ["an empty URL", `<>; rel="next"`, /not an http/],
  ["another scheme", `<data:text/plain,x>; rel="next"`, /not an http/],
  ["no URL", `<http://[>; rel="next"`, /not an http/],
  ["the page itself", `<${BASE}>; rel="next"`, /links to itself/],
  [
    "the page itself by another name",
    `<http://internal/v2/a/tags/list?n=2>; rel="next"`,
    /links to itself/,
  ],
  ["more than 16 KiB", `</p>; rel="prev"; title="${"x".repeat(20_000)}"`, /cannot be read/],
];

for (const [name, header, message] of UNREADABLE) {
  test(`nextLink() rejects ${name}`, () => {
    assert.throws(() => nextLink(header, new URL(BASE)), { code: "registry", message });
  });
}

test("nextLink() ends at an empty page that links to itself", () => {
  const next = nextLink(`<${BASE}>; rel="next"`, new URL(BASE), { isEmpty: true });
  assert.equal(next, undefined);
});

test("nextLink() is quick on a header made to be slow", () => {
  const startedAt = performance.now();
  for (
    const header of [
      "<".repeat(16_000),
      `<x>${";a".repeat(8000)}"`,
      `<x>;a="${"\\".repeat(16_000)}`,
    ]
  ) {
    assert.throws(() => nextLink(header, new URL(BASE)), { code: "registry" });
  }
  assert.ok(performance.now() - startedAt < 30_000);
});
