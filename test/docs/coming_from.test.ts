/** Converts the config files in docs/coming-from, and compares the results with those that the pages show. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { importDregsy } from "../../src/cli/import/dregsy.ts";
import { importImageSyncer } from "../../src/cli/import/image_syncer.ts";
import type { Imported } from "../../src/cli/import/imported.ts";
import { importSkopeo } from "../../src/cli/import/skopeo.ts";

interface Block {
  readonly language: string;
  readonly code: string;
}

function readBlocks(page: string): Block[] {
  const text = readFileSync(new URL(`../../docs/coming-from/${page}.md`, import.meta.url), "utf8");
  return [...text.matchAll(/^```(.*)\n([^]*?)^```$/gm)]
    .map(([, language = "", code = ""]) => ({ language, code }));
}

const CONVERT: Readonly<Record<string, (file: string, second: string) => Imported>> = {
  "skopeo": (file) =>
    importSkopeo(file, { from: "sync.yaml", destination: "registry.example.com/mirror" }),
  "image-syncer": (images, auth) => importImageSyncer({ images, auth }),
  "dregsy": (file) => importDregsy(file, "dregsy.yaml"),
};

for (const [page, convert] of Object.entries(CONVERT)) {
  test(`docs/coming-from/${page}.md shows what crossdock import makes of its file`, () => {
    const blocks = readBlocks(page);
    const command = blocks.findIndex(({ code }) => code.startsWith("crossdock import "));
    // The blocks before the command are its files, those after it the config and the notes.
    const files = blocks.slice(command - convert.length, command).map(({ code }) => code);
    const [config, notes] = blocks.slice(command + 1).map(({ code }) => code);
    const imported = convert(files[0] ?? "", files[1] ?? "");
    assert.deepEqual(imported.omitted, []);
    assert.equal(config, imported.text);
    assert.equal(notes, imported.notes.map((note) => `note: ${note}\n`).join(""));
  });
}
