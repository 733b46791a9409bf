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
  ["no relation", `</p>`, undefined],
  ["no brackets", `/p; rel="next"`, undefined],
  ["another origin", `<https://internal/x?last=b>; rel="next"`, "https://h/x?last=b"],
  ["another port", `<https://h:8443/x>; rel="next"`, "https://h/x"],
  ["a name and a password", `<https://ann:secret@h/x>; rel="next"`, "https://h/x"],
  ["two slashes", `<https://internal//evil/x>; rel="next"`, "https://h//evil/x"],
  ["a host alone", `<//evil/x>; rel="next"`, "https://h/x"],
  ["the same host in plain HTTP", `<http://h/x?last=b>; rel="next"`, "https://h/x?last=b"],
  ["another host in plain HTTP", `<http://internal:5000/x>; rel="next"`, "https://h/x"],
  ["another scheme", `<data:text/plain,x>; rel="next"`, undefined],
  ["the page itself", `<${BASE}>; rel="next"`, undefined],
  [
    "the page itself by another name",
    `<http://internal/v2/a/tags/list?n=2>; rel="next"`,
    undefined,
  ],
  ["no URL", `<http://[>; rel="next"`, undefined],
];

for (const [name, header, wanted] of ROWS) {
  test(`nextLink() of ${name}`, () => {
    assert.equal(nextLink(header, new URL(BASE))?.href, wanted);
  });
}

test("nextLink() is quick on a header made to be slow", () => {
  const startedAt = performance.now();
  nextLink("<".repeat(400_000) + ">;".repeat(400_000), new URL(BASE));
  assert.ok(performance.now() - startedAt < 30_000);
});
