import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Files for regsync, written from its documentation. */
export const REGSYNC_FOLDER = fileURLToPath(new URL("./regsync", import.meta.url));

/** Their names. A test runs for each file. */
export const REGSYNC_FILES: readonly string[] = readdirSync(REGSYNC_FOLDER)
  .filter((name) => name.endsWith(".yaml")).sort();

if (REGSYNC_FILES.length === 0) throw new Error(`${REGSYNC_FOLDER} has no files`);
