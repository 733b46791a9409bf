import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

function read(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
}

test("docs/deploy/self-hosting.md lists the server's variables, each once", () => {
  const [, , table = ""] = /^## Variables\n([^]*?\n\n)(\|[^]*?)\n\n/m.exec(
    read("docs/deploy/self-hosting.md"),
  ) ?? [];
  const listed = table.split("\n").flatMap((row) =>
    [...(row.split("|")[1] ?? "").matchAll(/`([A-Z_]+)`/g)].map(([, name]) => name)
  );
  const known = [...read("src/config/server_config.ts").matchAll(/^ {2}([A-Z_]+): /gm)]
    .map(([, name]) => name);
  assert.ok(known.includes("CROSSDOCK_TOKENS") && known.length > 20, `${known}`);
  assert.deepEqual(listed.sort(), known.sort());
});

test("docs/deploy/self-hosting.md lists the metrics with their labels", () => {
  const document = read("docs/deploy/self-hosting.md");
  const listed = [...document.matchAll(/^\| `(crossdock_\w+)` +\| (.*)\|$/gm)].map((
    [, name, labels = ""],
  ) => [name, [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label)]);
  const counted = read("src/server/metrics.ts");
  const made = [...counted.matchAll(/name: "(crossdock_\w+)",[^]*?registers,/g)].map((
    [text, name],
  ) => {
    const labels = /labelNames: \[(.*)\]/.exec(text)?.[1] ?? "";
    return [name, [...labels.matchAll(/"(\w+)"/g)].map(([, label]) => label)];
  });
  assert.ok(made.length > 5, `${made.length} metrics`);
  assert.deepEqual(listed.sort(), made.sort());
});

test("docs/deploy/self-hosting.md starts Deno with the permissions of `deno task serve`", () => {
  const permissions = (line: string): string[] => line.match(/--allow-[^\s`]+/g) ?? [];
  const lines = read("docs/deploy/self-hosting.md").split("\n")
    .filter((line) => /\bdeno (run|serve) .*src\/entries/.test(line));
  assert.equal(lines.length, 2);
  const wanted = permissions(JSON.parse(read("deno.json")).tasks.serve);
  for (const line of lines) assert.deepEqual(permissions(line), wanted, line);
});

test("Dockerfile starts what `deno task serve` starts, with no further permission", () => {
  const { tasks } = JSON.parse(read("deno.json"));
  const [, text = "[]"] = /^ENTRYPOINT (\[.*\])$/m.exec(read("Dockerfile")) ?? [];
  const words: string[] = JSON.parse(text);
  const command = words.filter((word) => word !== "--cached-only").join(" ");
  assert.equal(`deno install --quiet && ${command}`, tasks.serve);
});
