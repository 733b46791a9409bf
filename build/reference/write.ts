/** Writes the generated pages of docs: `deno task reference`. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { PAGES } from "./pages.ts";

const files: string[] = [];
for (const [path, render] of Object.entries(PAGES)) {
  const file = fileURLToPath(new URL(`../../docs/${path}`, import.meta.url));
  writeFileSync(file, await render());
  files.push(file);
}
execFileSync(process.execPath, ["fmt", "--quiet", ...files]);
