import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { createLocalPage } from "../../src/entries/local_page.ts";
import { SERVER_VARIABLES } from "../../src/config/server_config.ts";
import { createMetrics } from "../../src/server/metrics.ts";

function read(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
}

test("docs/deploy/settings.md lists the server's variables, each once", () => {
  const [, , table = ""] = /^## Variables\n([^]*?\n\n)(\|[^]*?)\n\n/m.exec(
    read("docs/deploy/settings.md"),
  ) ?? [];
  const listed = table.split("\n").flatMap((row) =>
    [...(row.split("|")[1] ?? "").matchAll(/`([A-Z_]+)`/g)].map(([, name]) => name)
  );
  assert.deepEqual(listed.sort(), SERVER_VARIABLES.toSorted());
});

test("docs/deploy/monitoring.md lists the metrics with their labels", async () => {
  const listed = [
    ...read("docs/deploy/monitoring.md").matchAll(/^\| `(crossdock_\w+)` +\| (.*)\|$/gm),
  ].map(([, name = "", labels = ""]) =>
    `${name} ${[...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label)}`
  );
  assert.deepEqual(listed.sort(), (await exposedMetrics()).sort());
});

/** Each metric and its labels, as a server exposes them after one copy and one request. */
async function exposedMetrics(): Promise<string[]> {
  const metrics = createMetrics({ now: () => 0 });
  for (const name of ["copy", "step", "registry request"] as const) {
    await metrics.trace(name, {}, () => Promise.resolve());
  }
  metrics.onEvent({
    type: "retry",
    side: "source",
    what: "GET",
    attempt: 1,
    delayMs: 1,
    reason: "503",
  });
  metrics.onAnswer({ route: "/healthz", method: "GET", status: 200, ms: 1 });
  const { text } = await metrics.metrics();
  const names = [...text.matchAll(/^# TYPE (\w+) /gm)].map(([, name = ""]) => name);
  return names.map((name) => {
    const sample = new RegExp(`^${name}(?:_sum)?(?:\\{(.*)\\})? `, "m").exec(text);
    assert.ok(sample, `${name} has no value`);
    return `${name} ${[...(sample[1] ?? "").matchAll(/(\w+)="/g)].map(([, label]) => label)}`;
  });
}

test("docs/deploy/deno.md starts Deno with the permissions of `deno task serve`", () => {
  const permissions = (line: string): string[] => line.match(/--allow-[^\s`]+/g) ?? [];
  const lines = read("docs/deploy/deno.md").split("\n")
    .filter((line) => /\bdeno (run|serve) .*src\/entries/.test(line));
  assert.equal(lines.length, 2);
  const wanted = permissions(JSON.parse(read("deno.json")).tasks.serve);
  for (const line of lines) assert.deepEqual(permissions(line), wanted, line);
});

test("Dockerfile runs crossdock serve with no permission beyond those of `deno task serve`", () => {
  const { tasks } = JSON.parse(read("deno.json"));
  const [, text = "[]"] = /^ENTRYPOINT (\[.*\])$/m.exec(read("Dockerfile")) ?? [];
  const words: string[] = JSON.parse(text);
  const command = words.filter((word) => word !== "--cached-only").join(" ");
  const serve = tasks.serve.replace("src/entries/serve.ts", "src/cli/main.ts");
  assert.equal(`deno task --quiet page && ${command}`, serve);
  assert.match(read("Dockerfile"), /^CMD \["serve"\]$/m);
});

test(
  "Dockerfile builds the page from the files that it copies",
  { skip: !("Deno" in globalThis) },
  async () => {
    const [, stage = ""] = /AS page\n([^]*?)\nFROM /.exec(read("Dockerfile")) ?? [];
    const [, command = ""] = /^RUN (deno run .*)$/m.exec(stage) ?? [];
    const copied = [...stage.matchAll(/^COPY (.+) (\S+)$/gm)].map(([, from = "", to = ""]) => ({
      from,
      to,
    }));
    const ignored = read(".dockerignore");
    const root = fileURLToPath(new URL("../..", import.meta.url));
    const folder = mkdtempSync(join(tmpdir(), "crossdock-image-"));
    try {
      for (const { from, to } of copied) {
        for (const path of from.split(" ")) {
          assert.match(ignored, new RegExp(`^!${path.split("/")[0]}$`, "m"));
          cpSync(
            join(root, path),
            join(folder, to.endsWith("/") ? join(to, path.split("/").pop() ?? "") : to),
            {
              recursive: true,
            },
          );
        }
      }
      rmSync(join(folder, "src/server/page"), { recursive: true, force: true });
      symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
      const [, ...args] = command.split(" ");
      execFileSync(process.execPath, args, { cwd: folder, stdio: "pipe" });
      const files = JSON.parse(readFileSync(join(folder, "src/server/page/files.json"), "utf8"));
      const { file } = createLocalPage(() => Promise.resolve(files));
      assert.match(await file("index.html") ?? "", /assets\/page-[A-Z0-9]{8}\.js/);
      assert.ok(Object.hasOwn(files, "docs.html"));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
