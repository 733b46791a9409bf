import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Files for regsync, written from what it documents. */
export const REGSYNC_FOLDER = fileURLToPath(new URL("./regsync", import.meta.url));

/** Their names; a test runs for each. */
export const REGSYNC_FILES: readonly string[] = readdirSync(REGSYNC_FOLDER)
  .filter((name) => name.endsWith(".yaml")).sort();

if (REGSYNC_FILES.length === 0) throw new Error(`${REGSYNC_FOLDER} has no files`);
