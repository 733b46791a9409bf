import { renderCliReference } from "./cli.ts";
import { renderJsonReference } from "./json.ts";
import { renderSyncReference } from "./sync_config.ts";

/** The generated pages of docs/reference. */
export const PAGES: Readonly<Record<string, () => Promise<string> | string>> = {
  "cli.md": renderCliReference,
  "json.md": renderJsonReference,
  "sync-config.md": renderSyncReference,
};
