/** Checks docs/registries: pages with the same order, each with a configuration that loads. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { parseSyncConfig } from "../../src/config/sync_config.ts";
import { isInSource } from "./source_text.ts";

const FOLDER = new URL("../../docs/registries/", import.meta.url);
const pages = readdirSync(FOLDER).filter((name) => name !== "index.md");

/** The headings that each page has, in this order. Others may follow. */
const HEADINGS = [
  "Names",
  "Credentials",
  "As a source",
  "As a destination",
  "Webhooks",
  "Errors",
  "Example",
];

function read(name: string): string {
  return readFileSync(new URL(name, FOLDER), "utf8");
}

test("docs/registries/index.md lists each page once", () => {
  const [table = ""] = /^\| registry[^]*?\n\n/m.exec(read("index.md")) ?? [];
  const listed = [...table.matchAll(/^\| \[[^\]]+\]\(([^)]+)\)/gm)].map(([, page]) => page);
  assert.deepEqual(listed.sort(), pages.sort());
});

for (const page of pages) {
  test(`docs/registries/${page} has the order of all pages`, () => {
    const found = [...read(page).matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);
    assert.deepEqual(found.slice(0, HEADINGS.length), HEADINGS);
  });

  test(`docs/registries/${page} quotes errors of the source, or of registries`, () => {
    const [, table = ""] = /^## Errors\n\n((?:\|.*\n)+)/m.exec(read(page)) ?? [];
    const messages = table.split("\n").flatMap((row) =>
      [...(row.split("|")[1] ?? "").matchAll(/`([^`]+)`/g)].map(([, message = ""]) => message)
    );
    assert.ok(messages.length > 2, `${messages.length} messages`);
    // Errors of registries begin with a status or a code, or are single words.
    const own = messages.filter((message) => /^[a-z…]/.test(message) && /\s\S+\s/.test(message));
    assert.deepEqual(own.filter((message) => !isInSource(message)), []);
  });

  test(`docs/registries/${page} has a crossdock.yaml that loads`, () => {
    const blocks = [...read(page).matchAll(/^```yaml\n([^]*?)^```$/gm)];
    assert.equal(blocks.length, 1);
    for (const [, text = ""] of blocks) {
      const env = Object.fromEntries(
        [...text.matchAll(/env "(\w+)"/g)].map(([, name = ""]) => [name, PEM]),
      );
      const { config, warnings } = parseSyncConfig(text, { from: page, env, now: 0 });
      assert.equal(config.rules.length, 1);
      assert.deepEqual(warnings, []);
    }
  });
}

/** The value of each variable: `regcert` must be PEM. */
const PEM = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n";
