import assert from "node:assert/strict";
import { test } from "node:test";
import { checkCommand } from "./check/commands.ts";
import { checkJson, checkToml, checkYaml } from "./check/data_blocks.ts";
import { checkLinks, findUnlisted } from "./check/links.ts";
import { readPage } from "./check/page.ts";
import { splitShell } from "./check/shell.ts";

function wordsOf(script: string): string[][] {
  return splitShell(script, 1).map(({ words }) => [...words]);
}

async function mistakesOf(script: string): Promise<string[]> {
  const found: string[] = [];
  for (const command of splitShell(script, 1)) {
    const message = await checkCommand(command);
    if (message !== undefined) found.push(message);
  }
  return found;
}

test("splitShell() splits pipes, lists and lines, and removes quotes and comments", () => {
  assert.deepEqual(wordsOf("a 'b c' \"d\" # no\nb | c && d; e &"), [
    ["a", "b c", "d"],
    ["b"],
    ["c"],
    ["d"],
    ["e"],
  ]);
});

test("splitShell() joins continued lines, and skips redirections and here-documents", () => {
  assert.deepEqual(wordsOf("a \\\n  b > f 2>&1\ncat > f <<'EOF'\nx y\nEOF\nc"), [
    ["a", "b"],
    ["cat"],
    ["c"],
  ]);
});

test("splitShell() replaces variables, and reads commands in substitutions", () => {
  assert.deepEqual(wordsOf('R=b.io\na "$R/${R}/$Z" "$(c d)"'), [["c", "d"], [
    "a",
    "b.io/b.io/x",
    "x",
  ]]);
});

test("splitShell() gives a command its variables and its line", () => {
  const [command] = splitShell("A=1\n\nB=2 run", 10);
  assert.deepEqual([command?.line, command?.variables], [12, { A: "1", B: "2" }]);
});

for (
  const line of [
    "crossdock copy alpine:3.22 b.io/alpine",
    "crossdock copy --dest-creds-env=CREDS alpine b.io/alpine",
    "crossdock cp alpine b.io/alpine",
    "crossdock sync --dry-run | head",
    "npx -y crossdock@0.2 copy alpine b.io/alpine",
    "npx -y -p ./crossdock-0.1.0.tgz crossdock version",
    "docker run --rm -v ./certs:/certs ghcr.io/acme/crossdock:0.2 copy alpine b.io/alpine",
    "deno run --allow-all npm:crossdock copy alpine b.io/alpine",
    "sudo -u ci timeout 60 crossdock tags alpine",
    "crossdock-server --version",
    "deno task demo",
    "curl --fail localhost:8080",
  ]
) {
  test(`checkCommand() accepts ${line}`, async () => assert.deepEqual(await mistakesOf(line), []));
}

for (
  const [line, message] of [
    ["crossdock copy alpine", /required argument 'destination'/],
    ["crossdock copy Alpine:3 b.io/alpine", /Alpine/],
    ["crossdock copy … b.io/alpine", /…/],
    ["crossdock copy --no-such-flag alpine b.io/alpine", /--no-such-flag/],
    ["echo a && crossdock frobnicate", /frobnicate/],
    ["npx crossdock sync --no-such-flag", /--no-such-flag/],
    ["docker run crossdock copy alpine", /required argument/],
    ['docker run "$(crossdock nothing)"', /nothing/],
    ["crossdock-server --port 1", /has no --port/],
    ["deno task no-such-task", /has no task no-such-task/],
    ["frobnicate", /unknown program frobnicate/],
  ] as const
) {
  test(`checkCommand() rejects ${line}`, async () => {
    const [found = "", ...others] = await mistakesOf(line);
    assert.match(found, message);
    assert.deepEqual(others, []);
  });
}

const CONFIG = `version: 1
sync:
  - { source: alpine, target: b.io/alpine, type: repository }
`;

test("checkYaml() takes a whole crossdock.yaml, with variables of any name", () => {
  const creds = `creds: [{ registry: b.io, user: u, pass: '{{ env "PASS" }}' }]\n`;
  assert.deepEqual(checkYaml(CONFIG + creds, ""), []);
  assert.match(checkYaml(CONFIG.replace("type", "typo"), "").join(), /typo/);
  assert.match(checkYaml("a: [", "kubernetes").join(), /./);
  assert.deepEqual(checkYaml("kind: CronJob", "kubernetes"), []);
});

for (
  const [part, wrong] of [
    ["creds: [{ registry: b.io, user: u, pass: p }]", "creds: [{ registrar: b.io }]"],
    ["tags: { latest: 3 }", "tags: { newest: 3 }"],
    [
      "in: { docker-hub: { kind: path, secrets: [0123456789abcdef] } }",
      "in: { docker-hub: { kind: smoke } }",
    ],
    ["- { source: a, target: b.io/a, type: repository }", "- { source: a }"],
    ["- { registry: b.io, tls: disabled }", "- { registry: b.io, tls: perhaps }"],
  ] as const
) {
  test(`checkYaml() takes a part under its key, as ${part}`, () => {
    assert.deepEqual(checkYaml(part, "part"), []);
    assert.notDeepEqual(checkYaml(wrong, "part"), []);
  });
}

test("checkJson() and checkToml() report text that does not parse", () => {
  assert.deepEqual([checkJson('{"a": 1}'), checkToml("a = 1")], [[], []]);
  assert.deepEqual([checkJson("{a}").length, checkToml("a: 1").length], [1, 1]);
});

test("readPage() finds blocks, links, anchors and marks", () => {
  const page = readPage(
    "docs/a.md",
    '# A `b`, c\n\n## A b c\n\n[x](b.md#y) <img src="z.svg">\n\n```sh\ncrossdock version\n```\n',
  );
  assert.deepEqual(page.blocks, [{ line: 8, info: "sh", text: "crossdock version\n" }]);
  assert.deepEqual(page.links.map(({ target }) => target), ["b.md#y", "z.svg"]);
  assert.deepEqual([...page.anchors], ["a-b-c", "a-b-c-1"]);
  assert.deepEqual(page.mistakes, []);
});

test("readPage() reports indented code, and a mark of another form", () => {
  const text =
    "# A\n\n    code\n\n> Not tried here\n\n> **Not tried here**: needs an AWS account.\n";
  assert.deepEqual(readPage("a.md", text).mistakes.map(({ line }) => line), [3, 5]);
});

test("checkLinks() reports missing files and headings, and hosts that are not official", () => {
  const text =
    `# A\n\n[1](b.md#b) [2](#a) [3](c.md) [4](b.md#c) [5](http://deno.com) [6](https://a.example)
[7](https://deno.com) [8](/b.md) [9](../../b.md)\n`;
  const pages = new Map(
    [readPage("docs/a.md", text), readPage("docs/b.md", "# B\n")].map((page) => [page.path, page]),
  );
  const page = pages.get("docs/a.md") ?? assert.fail();
  const found = checkLinks(page, { pages, exists: (path) => pages.has(path) });
  assert.deepEqual(found.map(({ message }) => message.split(":")[0]), [
    "c.md",
    "b.md#c",
    "http",
    "https",
    "/b.md",
    "../../b.md",
  ]);
});

test("findUnlisted() finds pages that no index links to", () => {
  const texts = {
    "README.md": "[x](docs/x.md)",
    "docs/index.md": "[a](a.md#a) [b](b/index.md)",
    "docs/a.md": "",
    "docs/b/index.md": "[c](c.md)",
    "docs/b/c.md": "",
    "docs/x.md": "",
    "docs/adr/0001.md": "",
  };
  const pages = new Map(
    Object.entries(texts).map(([path, text]) => [path, readPage(path, text)]),
  );
  assert.deepEqual(findUnlisted(pages).map(({ path }) => path), ["docs/x.md"]);
});
