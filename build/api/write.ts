/** Writes the OpenAPI document to src/server/api. Run by `deno task schema`. */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describeApi } from "./document.ts";

/** The file, which is committed so that a change of the API is seen. */
export const DOCUMENT_FILE = fileURLToPath(
  new URL("../../src/server/api/openapi.json", import.meta.url),
);

export function formatDocument(): string {
  return `${JSON.stringify(describeApi(), null, 2)}\n`;
}

if (import.meta.main) writeFileSync(DOCUMENT_FILE, formatDocument());
