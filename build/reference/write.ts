/** Writes the generated pages of docs/reference: `deno task reference`. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { PAGES } from "./pages.ts";

const folder = new URL("../../docs/reference/", import.meta.url);

for (const [name, render] of Object.entries(PAGES)) {
  writeFileSync(new URL(name, folder), await render());
}
execFileSync(process.execPath, ["fmt", "--quiet", fileURLToPath(folder)]);
