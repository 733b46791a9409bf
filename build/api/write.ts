/** Writes the generated files of src/server/api. Run by `deno task schema`. */
import { writeFileSync } from "node:fs";
import { apiFiles } from "./api_files.ts";

for (const [path, text] of Object.entries(await apiFiles())) writeFileSync(path, text);
