import assert from "node:assert/strict";
import { test } from "node:test";
import { minifyHtml } from "../../../build/api_page/minify_html.ts";

const CASES = [
  ["<p>one\n  <b>two</b> three</p>\n <p>four</p>", "<p>one <b>two</b> three<p>four</p>"],
  ["<td> <code>a</code> b </td> <td>c</td>", "<td><code>a</code> b<td>c"],
  ["<p>text</p> and more", "<p>text</p>and more"],
  ["<ul> <li> a </li> <li>b</li> </ul>", "<ul><li>a<li>b</ul>"],
  [
    "<pre a='b'><code>{\n  &quot;a&quot;: &lt;1\n}</code></pre>",
    "<pre a='b'><code>{\n  \"a\": &lt;1\n}</code></pre>",
  ],
  [
    '<a title="&quot;x&quot;">it&#39;s &amp; &lt;b&gt;</a>',
    `<a title="&quot;x&quot;">it's &amp; &lt;b&gt;</a>`,
  ],
] as const;

for (const [html, expected] of CASES) {
  test(`minifyHtml() shortens ${JSON.stringify(html)}`, () => {
    assert.equal(minifyHtml(html), expected);
  });
}
