/** The examples of `/v1/syncs` in the OpenAPI document. A test compares them with real responses. */
import type * as z from "zod";
import type { StartedSync } from "../../src/rules/rules.ts";
import type { syncBody } from "../../src/server/schemas.ts";
import type { SyncReport, SyncStatus, TagReport } from "../../src/sync/model.ts";
import { MIRROR, REPORT } from "./examples.ts";

/** The rule of the examples. */
export const RULE = "alpine";

export const SYNC_REQUESTS = {
  alpine: { rules: [RULE] },
  respondAsync: {},
} satisfies Record<string, z.input<typeof syncBody>>;

const { source, destination } = MIRROR;
/** The rule has compared the tag before it copies, so the copy sends fewer requests. */
// A rule copies no referrers by default.
const { referrerState: _, ...plain } = REPORT;
const copied = { ...plain, requests: { source: 3, destination: 6 } };

const tag: TagReport = {
  source,
  destination,
  result: "copied",
  digest: copied.digest,
  report: copied,
};

export const SYNC_REPORT: SyncReport = {
  result: "ok",
  rules: [{
    rule: RULE,
    result: "ok",
    tags: [tag],
    pruned: [],
    requests: { source: 4, destination: 6 },
    durationMs: 1240,
    warnings: [],
  }],
  durationMs: 1240,
};

export const STARTED_SYNC: StartedSync = {
  rules: [{ rule: RULE, id: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" }],
};

export const SYNC_STATUS: SyncStatus = {
  state: "behind",
  rules: [{
    rule: RULE,
    state: "behind",
    tags: [{ source, destination, state: "missing", digest: copied.digest }],
    requests: { source: 1, destination: 1 },
  }],
};
