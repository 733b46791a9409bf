import { renderActionPage } from "./action.ts";
import { renderDecisions } from "./decisions.ts";
import { renderCliReference } from "./cli.ts";
import { renderJsonReference } from "./json.ts";
import { renderSyncReference } from "./sync_config.ts";

/** The generated pages, and those with generated tables, by their path in docs. */
export const PAGES: Readonly<Record<string, () => Promise<string> | string>> = {
  "adr/README.md": renderDecisions,
  "deploy/github-actions.md": renderActionPage,
  "reference/cli.md": renderCliReference,
  "reference/json.md": renderJsonReference,
  "reference/sync-config.md": renderSyncReference,
};
