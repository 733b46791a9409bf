/** The examples of `/v1/runs`, `/v1/rules`, `/v1/setup` and `/v1/checks`. A test compares them with real responses. */
import type * as z from "zod";
import type { Setup } from "../../src/config/setup.ts";
import type { RunList, RunRecord } from "../../src/history/model.ts";
import { toSummary } from "../../src/history/run_record.ts";
import type { AccessCheck } from "../../src/registry/check_access.ts";
import type { RuleList } from "../../src/rules/rule_list.ts";
import type { checkBodySchema } from "../../src/server/schemas.ts";
import pkg from "../../package.json" with { type: "json" };
import { ALPINE, HOOKS, MIRROR } from "./examples.ts";
import { RULE, SYNC_REPORT } from "./sync_examples.ts";

const { source, destination } = MIRROR;
const [report] = SYNC_REPORT.rules;

export const RUN_ID = "0mfizhs9c-5f3a9c1e";

/** A run of the example's rule. */
export const RUN: RunRecord = {
  id: RUN_ID,
  by: "call",
  token: "ci",
  requestId: "0b1f6a52-5a5c-4c4e-9d5c-0f7f3e1d2a90",
  rule: RULE,
  startedAt: 1_764_115_200_000,
  state: "ok",
  durationMs: 1240,
  counts: { copied: 1 },
  bytesStreamed: report?.tags[0]?.report?.bytesStreamed ?? 0,
  requests: { source: 4, destination: 6 },
  request: { rules: [RULE] },
  tags: report?.tags ?? [],
  pruned: [],
  warnings: [],
  truncated: false,
};

const history = {
  kept: "memory",
  note:
    "the last 1000 runs since the server started; set CROSSDOCK_HISTORY_FILE to keep them when it stops",
} as const;

export const RUN_LIST: RunList = { runs: [toSummary(RUN)], history };

export const RULE_LIST: RuleList = {
  rules: [{
    rule: RULE,
    type: "image",
    source,
    targets: [destination],
    prune: false,
    last: toSummary(RUN),
  }],
  history,
};

export const SETUP: Setup = {
  version: pkg.version,
  host: { name: "deno", memory: "process", durableCopies: true, durableRules: true },
  caller: { token: "ci", scope: "copy" },
  open: false,
  allowSources: ["docker.io/library/*"],
  allowDestinations: ["registry.example.com/mirror/**"],
  allowPrivate: ["127.0.0.1"],
  plainHttp: [],
  credentials: [],
  hooks: [
    {
      hook: HOOKS.plain.hook,
      path: "hooks/plain",
      sender: "plain",
      place: "docker.io",
      proof: "bearer",
    },
    {
      hook: HOOKS.quay.hook,
      path: "hooks/quay/SECRET",
      sender: "quay",
      place: "docker.io",
      proof: "path",
    },
  ],
  notices: [],
  warnings: [],
};

export const CHECKS = {
  pull: { name: ALPINE },
  push: { name: "registry.example.com/mirror/alpine", access: "push" },
} satisfies Record<string, z.input<typeof checkBodySchema>>;

export const CHECK_RESULTS: Readonly<Record<keyof typeof CHECKS, AccessCheck>> = {
  pull: { registry: "docker.io", repository: "library/alpine", sources: [], result: "anonymous" },
  push: {
    registry: "registry.example.com",
    repository: "mirror/alpine",
    sources: [],
    result: "anonymous",
  },
};
