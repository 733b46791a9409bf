/** Each answer of the server reaches the caller of the client as it was, with every field that its schema has. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import { createRemoteEngine } from "../../../src/client/remote_engine.ts";
import { parseConfig } from "../../../src/config/parse_config.ts";
import type { AdmissionVerdict } from "../../../src/copy/admission.ts";
import type * as copy from "../../../src/copy/model.ts";
import * as schemas from "../../../src/copy/schemas.ts";
import type { BlobStep, ManifestStep, ReceiptStep, ReferrersStep } from "../../../src/copy/step.ts";
import { durableCopySchema } from "../../../src/durable/durable_copy_schema.ts";
import type { DurableCopy } from "../../../src/durable/durable_copies.ts";
import type { LocalEngine } from "../../../src/engine.ts";
import type { Descriptor } from "../../../src/oci/descriptor.ts";
import type { Problem } from "../../../src/problem.ts";
import { startedSyncSchema } from "../../../src/rules/started_sync_schema.ts";
import type { StartedRule } from "../../../src/rules/rules.ts";
import { createApi } from "../../../src/server/app.ts";
import { syncStreamEventSchema } from "../../../src/stream_events.ts";
import { syncStatusSchema } from "../../../src/sync/schemas.ts";
import type {
  PruneReport,
  RuleReport,
  RuleStatus,
  SyncEvent,
  SyncFailure,
  TagReport,
} from "../../../src/sync/model.ts";
import { blobStep, digest, LAYER, manifestStep } from "../../cli/samples.ts";
import { serve } from "../../support/serve.ts";
import { ruleOf } from "../../sync/setup.ts";

const requests = { source: 1, destination: 2 };

const entry = {
  mediaType: LAYER,
  digest: digest("1"),
  size: 3,
  artifactType: "x/a",
  annotations: { k: "v" },
  urls: ["https://a.example/blob"],
  data: "e30=",
};

const descriptor: Descriptor = {
  ...entry,
  data: "YWJj",
  platform: {
    os: "windows",
    architecture: "amd64",
    variant: "v2",
    "os.version": "10",
    "os.features": ["win32k"],
  },
};

const blob: BlobStep = blobStep("a", 3, {
  descriptor: entry,
  mountFrom: ["library/base"],
  found: "absent",
  resend: true,
});
const manifest: ManifestStep = manifestStep("b", {
  descriptor: entry,
  tag: "1",
  content: "{}",
});
const referrers: ReferrersStep = {
  type: "referrers",
  destination: "b.io/app",
  subject: digest("f"),
  referrers: [entry],
};
const receipt: ReceiptStep = {
  type: "receipt",
  destination: "b.io/app",
  descriptor: entry,
  name: "mirror.io/app",
  image: `a.io/app:1@${digest("f")}`,
  policy: {
    images: "a.io/**",
    checkedAt: "2026-11-27T00:00:00.000Z",
    attestations: ["a.io/app@x"],
  },
};
const STEPS = [blob, manifest, referrers, receipt];

const OUTCOMES: { readonly [Type in copy.Outcome["type"]]: copy.Performed } = {
  blob: { type: "blob", state: "streamed", bytes: 3, requests },
  manifest: { type: "manifest", state: "put", requests },
  referrers: { type: "referrers", state: "written", requests },
  receipt: { type: "receipt", state: "put", requests },
};

const STATE: copy.ReferrerState = {
  kinds: [{ kind: "signature", expected: 2, missing: 1, unavailable: 1 }],
  isPartial: true,
};

const REQUIREMENT = {
  requirement: "signature by key 1",
  met: true,
  candidates: [{ name: "a.io/app@sha256:1", accepted: true, reason: "signed by key 1" }],
};
const CHILD = {
  digest: digest("1"),
  result: "admitted" as const,
  reason: "it has the required signature",
  requirements: [REQUIREMENT],
};
const VERDICT: AdmissionVerdict = {
  ...CHILD,
  image: "a.io/app:1@sha256:1",
  images: "a.io/**",
  overridden: ["**"],
  children: [CHILD],
  trustRoot: "test",
  warnings: ["old"],
};

const PLAN: copy.Plan = {
  source: `a.io/app:1@${digest("f")}`,
  destination: `b.io/app:1@${digest("f")}`,
  additionalTags: ["2"],
  root: descriptor,
  current: digest("0"),
  result: "copied",
  stages: [{ name: "blobs", steps: STEPS }],
  foreign: [descriptor],
  referrerState: STATE,
  warnings: ["w"],
  admission: VERDICT,
  requests,
  totals: {
    blobs: { stream: 1, mount: 2, present: 3 },
    bytes: { stream: 4, mount: 5, present: 6 },
    manifests: 7,
    requests,
  },
};

const REPORT: copy.Report = {
  source: PLAN.source,
  destination: PLAN.destination,
  additionalTags: ["2"],
  digest: digest("f"),
  result: "copied",
  blobs: { streamed: 1, mounted: 2, present: 3, foreign: 4 },
  bytesStreamed: 5,
  manifests: 6,
  referrers: 7,
  receipts: 8,
  referrerState: STATE,
  requests,
  durationMs: 8.5,
  warnings: ["w"],
  admission: VERDICT,
};

const EVENTS: readonly copy.CopyEvent[] = [
  { type: "plan", plan: PLAN },
  ...STEPS.flatMap((step): copy.CopyEvent[] => {
    const { requests: _, ...outcome } = OUTCOMES[step.type];
    return [{ type: "step-started", step }, { type: "step-finished", step, outcome }];
  }),
  { type: "progress", digest: digest("a"), bytes: 3, sizeBytes: 3 },
  { type: "retry", side: "source", what: "get", attempt: 1, delayMs: 5, reason: "503" },
  { type: "warning", message: "w" },
  { type: "report", report: REPORT },
];

function node(manifests: readonly copy.ManifestNode[]): copy.ManifestNode {
  return {
    descriptor,
    kind: "index",
    platform: "linux/amd64",
    artifactType: "x/a",
    annotations: { k: "v" },
    config: { descriptor, content: { os: "linux", list: [1, null] } },
    layers: [descriptor],
    manifests,
    referrers: [descriptor],
    digestTags: [{ tag: "sha256-1.sig", digest: digest("2") }],
  };
}

const INSPECTION: copy.Inspection = {
  reference: PLAN.source,
  root: node([node([])]),
  totalBytes: 9,
};

const VERIFICATION: copy.Verification = {
  source: PLAN.source,
  destination: "b.io/app:1",
  equal: false,
  state: "incomplete",
  referrerState: STATE,
  differences: [
    { kind: "tag", what: "1", state: "different", wanted: digest("1"), found: digest("2") },
    { kind: "referrer", what: digest("3"), referrerKind: "sbom", state: "missing" },
  ],
  checked: { manifests: 1, blobs: 2, referrers: 3 },
};

const PROBLEMS = STEPS.map((step): Problem => ({
  type: "urn:crossdock:problem:network",
  title: "t",
  status: 502,
  detail: "it broke",
  code: "network",
  side: "source",
  hint: "h",
  retryAfterMs: 5,
  errors: [{ pointer: "#/a", parameter: "b", detail: "d" }],
  step,
  missing: [digest("2")],
  requestId: "r",
}));

const id = "1".repeat(64);
const COPIES: readonly DurableCopy[] = [
  { id, state: "complete", report: REPORT },
  ...PROBLEMS.map((problem) => ({ id, state: "failed", problem } as const)),
];

const error: SyncFailure = { code: "network", message: "it broke", side: "source", hint: "h" };
const names = { source: "a.io/app:1", destination: "b.io/app:1" };

const TAG: TagReport = {
  ...names,
  result: "copied",
  digest: digest("f"),
  report: REPORT,
  referrerState: STATE,
  error,
  id,
  remembered: true,
};

const PRUNED: PruneReport = { destination: "b.io/app:0", result: "failed", error };

const RULE_REPORT: RuleReport = {
  rule: "app",
  result: "ok",
  tags: [TAG],
  pruned: [PRUNED],
  requests,
  durationMs: 3,
  warnings: ["w"],
  postponedUntil: 5,
};

const RULE_STATUS: RuleStatus = {
  rule: "app",
  state: "error",
  tags: [{
    ...names,
    state: "incomplete",
    digest: digest("1"),
    current: digest("2"),
    referrerState: STATE,
    error,
  }],
  pruned: [{ destination: names.destination, result: "held-back", error }],
  warnings: ["a warning"],
  requests,
};

const SYNC_EVENTS: readonly SyncEvent[] = [
  { type: "rule-started", rule: "app" },
  { type: "tags-selected", rule: "app", repository: "a.io/app", count: 3 },
  ...EVENTS.map((event): SyncEvent => ({ type: "copy", rule: "app", ...names, event })),
  { type: "tag-ended", rule: "app", tag: TAG },
  { type: "prune-ended", rule: "app", pruned: PRUNED },
  { type: "warning", rule: "app", message: "w" },
  { type: "rule-ended", report: RULE_REPORT },
];

const STARTED: StartedRule = { rule: "app", id: "run-1" };

const fixtures: [name: string, schema: z.ZodType, values: readonly unknown[]][] = [
  ["Plan", schemas.planSchema, [PLAN]],
  ["Report", schemas.reportSchema, [REPORT]],
  ["Performed", schemas.performedSchema, Object.values(OUTCOMES)],
  ["CopyEvent", schemas.copyEventSchema, EVENTS],
  ["Inspection", schemas.inspectionSchema, [INSPECTION]],
  ["Verification", schemas.verificationSchema, [VERIFICATION]],
  ["Copy", durableCopySchema, COPIES],
  ["SyncStatus", syncStatusSchema, [{ state: "error", rules: [RULE_STATUS] }]],
  ["StartedSync", startedSyncSchema, [{ rules: [STARTED] }]],
  ["SyncEvent", syncStreamEventSchema, [
    ...SYNC_EVENTS,
    { type: "heartbeat" },
    ...PROBLEMS.map((problem) => ({ type: "error", problem })),
    { type: "report", report: { result: "ok", rules: [RULE_REPORT], durationMs: 4 } },
  ]],
];

for (const [name, schema, values] of fixtures) {
  test(`the values of this test have every field of ${name}`, () => {
    assert.deepEqual(findAbsent(schema, values), []);
  });
}

interface JsonSchema {
  readonly $ref?: string;
  readonly oneOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
}

/** The fields of a schema that none of the values has. A schema within itself is followed once. */
function findAbsent(schema: z.ZodType, values: readonly unknown[]): string[] {
  const { $defs = {}, ...root } = z.toJSONSchema(schema, { io: "input" });
  function walk(
    { $ref, oneOf = [], items, properties = {} }: JsonSchema,
    values: readonly unknown[],
    path: string,
    outer: readonly string[],
  ): string[] {
    if ($ref && outer.includes($ref)) return [];
    if (values.length === 0) return [path];
    const name = $ref?.split("/").at(-1) ?? "";
    if ($ref) return walk($defs[name] as JsonSchema, values, path, [...outer, $ref]);
    const objects = values as readonly Readonly<Record<string, unknown>>[];
    return [
      ...oneOf.flatMap((option) => {
        const { $ref } = option;
        const resolved = $ref ? $defs[$ref.split("/").at(-1) ?? ""] as JsonSchema : option;
        const type = resolved.properties?.["type"]?.const;
        const fitting = objects.filter((value) => value["type"] === type);
        return walk(option, fitting, `${path}(${type})`, outer);
      }),
      ...(items ? walk(items, values.flat(), `${path}[]`, outer) : []),
      ...Object.entries(properties).flatMap(([key, member]) => {
        const members = objects.filter((value) => key in value).map((value) => value[key]);
        return walk(member, members, `${path}.${key}`, outer);
      }),
    ];
  }
  return walk(root as JsonSchema, values, "", []);
}

/** The same with a field more in each object, as a newer server may answer. */
function withNewFields<Value>(value: Value): Value {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(withNewFields) as Value;
  const members = Object.entries(value).map(([key, member]) => [key, withNewFields(member)]);
  return { ...Object.fromEntries(members), newer: "x" };
}

const servers: [name: string, change: <Value>(value: Value) => Value][] = [
  ["its own version", (value) => value],
  ["a newer version", withNewFields],
];

for (const [name, change] of servers) {
  test(`createRemoteEngine() returns the responses of a server of ${name} unchanged`, async () => {
    const [plan, inspection, verification] = change([PLAN, INSPECTION, VERIFICATION] as const);
    const [events, outcomes, report] = change([EVENTS, OUTCOMES, REPORT] as const);
    const [ruleReport, ruleStatus, syncEvents, started] = change(
      [RULE_REPORT, RULE_STATUS, SYNC_EVENTS, STARTED] as const,
    );
    const copies = change(COPIES);
    const verdict = change(VERDICT);
    const engine: LocalEngine = {
      plan: () => Promise.resolve(plan),
      copy(_, { emit } = {}): Promise<copy.Report> {
        for (const event of events) emit?.(event);
        return Promise.resolve(report);
      },
      perform: ({ type }) => Promise.resolve(outcomes[type]),
      inspect: () => Promise.resolve(inspection),
      verify: () => Promise.resolve(verification),
      admit: () => Promise.resolve(verdict),
      resolve: () => Promise.resolve(PLAN.source),
      tags: () => assert.fail(),
      checkAccess: () => assert.fail(),
    };
    const config = parseConfig({
      CROSSDOCK_OPEN: "true",
      CROSSDOCK_ALLOW_SOURCES: "**",
      CROSSDOCK_ALLOW_DESTINATIONS: "**",
    });
    const next = copies.values();
    const found = (): Promise<DurableCopy | undefined> => Promise.resolve(next.next().value);
    const app = createApi({
      config: { ...config, sync: { ...config.sync, admission: "unread" } },
      openEngine: () => engine,
      signsSteps: true,
      log: () => {},
      now: () => 1000,
      host: { name: "deno", memory: "process" },
      pullsLeft: () => undefined,
      durable: { start: () => assert.fail(), get: found, cancel: found },
      rules: {
        rules: [ruleOf("{ name: app, source: a.io/app, target: b.io/app, type: repository }")],
        run(_, { emit }): Promise<RuleReport> {
          for (const event of syncEvents) emit?.(event);
          return Promise.resolve(ruleReport);
        },
        status: () => Promise.resolve(ruleStatus),
        start: () => Promise.resolve(started),
      },
    });
    await using server = await serve((request) => app.fetch(request));
    const remote = createRemoteEngine({ url: server.url });

    assert.deepEqual(await remote.plan(names), plan);
    assert.deepEqual(await remote.inspect(names.source), inspection);
    assert.deepEqual(await remote.verify(names), verification);
    assert.deepEqual(await remote.admit(names.source), verdict);
    for (const step of STEPS) assert.deepEqual(await remote.perform(step), outcomes[step.type]);
    const got: copy.CopyEvent[] = [];
    assert.deepEqual(await remote.copy(names, { emit: (event) => got.push(event) }), report);
    assert.deepEqual(got, events);
    for (const copy of copies) assert.deepEqual(await remote.getCopy(id), copy);
    const told: SyncEvent[] = [];
    const sync = await remote.sync({}, { emit: (event) => told.push(event) });
    assert.deepEqual(sync.rules, [ruleReport]);
    assert.deepEqual(told, syncEvents);
    assert.deepEqual((await remote.syncStatus()).rules, [ruleStatus]);
    assert.deepEqual(await remote.detachSync({}), { started: { rules: [started] } });
  });
}
