/** Checks docs/webhooks: a page for each sender, with a configuration that loads. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { parseSyncConfig } from "../../src/config/sync_config.ts";
import { senders } from "../../src/webhooks/incoming/senders.ts";
import type { SenderName } from "../../src/webhooks/incoming/senders.ts";
import { isInSource } from "./source_text.ts";

const FOLDER = new URL("../../docs/webhooks/", import.meta.url);
const names = Object.keys(senders) as SenderName[];

function read(name: string): string {
  return readFileSync(new URL(name, FOLDER), "utf8");
}

/** Valid for every proof: long enough, for Standard Webhooks, and for a path. */
const SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3";

test("docs/webhooks has a page for each sender, and no other but two", () => {
  const pages = names.map((name) => `${name}.md`);
  assert.deepEqual(readdirSync(FOLDER).sort(), [...pages, "index.md", "notices.md"].sort());
});

test("docs/webhooks/index.md lists each sender with its page and its proofs", () => {
  const [, table = ""] = /^## Senders\n\n((?:\|.*\n)+)/m.exec(read("index.md")) ?? [];
  const rows = table.split("\n").slice(2, -1).map((row) => {
    const [, page = "", name = "", proofs = ""] = row.split("|").map((cell) => cell.trim());
    const listed = [...proofs.matchAll(/`(\w+)`/g)].map(([, proof]) => proof);
    return [/\((.*)\)/.exec(page)?.[1], name.replaceAll("`", ""), listed.sort()];
  });
  const wanted = names.map((name) => [`${name}.md`, name, [...senders[name].proofs].sort()]);
  assert.deepEqual(rows.sort(), wanted.sort());
});

for (const page of readdirSync(FOLDER).filter((name) => name !== "notices.md")) {
  test(`docs/webhooks/${page} quotes refusals of the source`, () => {
    const [, table = ""] = /^\| what you see.*\n\|[-| ]+\n((?:\|.*\n)+)/m.exec(read(page)) ?? [];
    const messages = table.split("\n").flatMap((row) =>
      [...(row.split("|")[1] ?? "").matchAll(/`([^`]+)`/g)].map(([, message = ""]) => message)
    );
    assert.ok(messages.length > 0);
    // The source has a variable in place of these.
    const general = messages.map((message) => message.replace(/\b(x-[\w-]+|bearer token)\b/i, "…"));
    assert.deepEqual(general.filter((message) => !isInSource(message)), []);
  });
}

for (const page of readdirSync(FOLDER)) {
  test(`docs/webhooks/${page} has a crossdock.yaml that loads`, () => {
    const blocks = [...read(page).matchAll(/^( *)```yaml\n([^]*?)^ *```$/gm)];
    assert.equal(blocks.length, 1);
    for (const [, indent = "", block = ""] of blocks) {
      const text = block.replaceAll(new RegExp(`^${indent}`, "gm"), "");
      const env = Object.fromEntries(
        [...text.matchAll(/env "(\w+)"/g)].map(([, name = ""]) => [name, SECRET]),
      );
      const { config, warnings } = parseSyncConfig(text, { from: page, env, now: 0 });
      assert.equal(config.rules.length, 1);
      assert.deepEqual(warnings, []);
      const found = [...config.webhooks.incoming.values()].map(({ sender }) => sender);
      const name = page.replace(".md", "");
      if (page !== "index.md" && page !== "notices.md") assert.deepEqual(found, [name]);
    }
  });
}
