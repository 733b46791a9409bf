/** Converts the config files in docs/coming-from, and compares the results with those that the pages show. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { importDregsy } from "../../src/cli/import/dregsy.ts";
import { importImageSyncer } from "../../src/cli/import/image_syncer.ts";
import type { Imported } from "../../src/cli/import/imported.ts";
import { importSkopeo } from "../../src/cli/import/skopeo.ts";

/** The blocks of a page with this info string. */
function blocks(page: string, info: string): string[] {
  const text = readFileSync(new URL(`../../docs/coming-from/${page}.md`, import.meta.url), "utf8");
  return [...text.matchAll(/^```(.*)\n([^]*?)^```$/gm)]
    .filter(([, own]) => own === info)
    .map(([, , code = ""]) => code);
}

const CONVERT: Readonly<Record<string, (...files: string[]) => Imported>> = {
  "skopeo": (file = "") =>
    importSkopeo(file, { from: "sync.yaml", destination: "registry.example.com/mirror" }),
  "image-syncer": (images = "", auth = "") => importImageSyncer({ images, auth }),
  "dregsy": (file = "") => importDregsy(file, "dregsy.yaml"),
};

for (const [page, convert] of Object.entries(CONVERT)) {
  test(`docs/coming-from/${page}.md shows what crossdock import makes of its file`, () => {
    const { text, notes, omitted } = convert(...blocks(page, `yaml ${page}`));
    assert.deepEqual(omitted, []);
    assert.ok(blocks(page, "yaml").includes(text), text);
    const printed = notes.map((note) => `note: ${note}\n`).join("");
    assert.ok(blocks(page, "text").includes(printed), printed);
  });
}
