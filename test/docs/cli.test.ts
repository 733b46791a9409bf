import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fakeCli } from "../cli/fake_cli.ts";

const page = readFileSync(new URL("../../docs/cli.md", import.meta.url), "utf8");

test("docs/cli.md has each option of crossdock sync and import, and no other", async () => {
  for (const command of ["sync", "import"]) {
    const { stdout } = await fakeCli().run(command, "--help");
    const known = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, name = ""]) => name);
    const [, section = ""] = new RegExp(`^## crossdock ${command}\n([^]*?)(?:\n## |$(?![^]))`, "m")
      .exec(page) ?? [];
    assert.ok(known.length > 3, `the help of ${command} lists ${known}`);
    const told = new Set([...section.matchAll(/--[a-z-]+/g)].map(([name]) => name));
    for (const name of known) {
      if (name !== "--help") assert.ok(told.has(name), `${command} ${name}`);
    }
    if (command !== "sync") continue;
    const [, table = ""] = /^\| option .*\n\|[ -|]+\n((?:\|.*\n)+)/m.exec(section) ?? [];
    const listed = table.split("\n").flatMap((row) =>
      [...(row.split("|")[1] ?? "").matchAll(/--[a-z-]+/g)].map(([name]) => name)
    );
    assert.ok(listed.length > 3, `the table lists ${listed}`);
    assert.deepEqual(listed.filter((name) => !known.includes(name)), []);
  }
});

test("docs/cli.md has the exit codes of the help", async () => {
  const { stdout } = await fakeCli().run("--help");
  const listed = [...page.matchAll(/^\| (\d+) /gm)].map(([, code]) => code);
  for (const code of listed) assert.match(stdout, new RegExp(`^ +${code} {2}`, "m"));
  assert.deepEqual(listed, ["0", "2", "4", "6", "10", "12", "13", "14", "130"]);
});
