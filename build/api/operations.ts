/** The operations of the API: parameters, bodies and responses, with examples. `test/build/api` compares them with the routes. */
import { admissionSchema } from "../../src/copy/admission_schema.ts";
import * as z from "zod";
import { stepSchema } from "../../src/copy/step.ts";
import { plannedSchema } from "../../src/budget/schemas.ts";
import type { AccessScope } from "../../src/config/access_tokens.ts";
import { healthSchema } from "../../src/server/routes/health.ts";
import { preferHeader } from "../../src/server/prefer.ts";
import {
  inspectionSchema,
  performedSchema,
  reportSchema,
  tagsSchema,
  verificationSchema,
} from "../../src/copy/schemas.ts";
import { durableCopySchema } from "../../src/durable/durable_copy_schema.ts";
import { startedSyncSchema } from "../../src/rules/started_sync_schema.ts";
import {
  admissionBody,
  checkBodySchema,
  copyBody,
  copyParams,
  hookAnswerSchema,
  imageQuery,
  planBody,
  planQuery,
  runParams,
  runsQuery,
  syncBody,
  syncQuery,
  tagsQuery,
  verificationBody,
} from "../../src/server/schemas.ts";
import { streamEventSchema, syncStreamEventSchema } from "../../src/stream_events.ts";
import { syncReportSchema, syncStatusSchema } from "../../src/sync/schemas.ts";
import { setupSchema } from "../../src/config/setup_schema.ts";
import { runListSchema, runRecordSchema } from "../../src/history/schemas.ts";
import { accessCheckSchema } from "../../src/registry/access_check_schema.ts";
import { ruleListSchema } from "../../src/rules/rule_list_schema.ts";
import {
  ADMISSION_REQUESTS,
  ADMISSIONS,
  ALPINE,
  BUDGETED,
  CANCELLED_COPY,
  COMPARISONS,
  COPY_ID,
  FINISHED_COPY,
  HOOKS,
  INSPECTION,
  METRICS,
  MIRROR,
  OUTCOMES,
  PLAN,
  PLAN_WITH_BUDGET,
  QUEUED_COPY,
  REPORT,
  STEPS,
  TAGS,
  VERIFICATIONS,
} from "./examples.ts";
import {
  accepted,
  answer,
  bodyRefusals,
  failures,
  formatRefusals,
  jobResult,
  json,
  refusals,
} from "./responses.ts";
import type { Answer, Content, Examples } from "./responses.ts";
import { CHECK_RESULTS, CHECKS, RULE_LIST, RUN, RUN_ID, RUN_LIST, SETUP } from "./run_examples.ts";
import { RULE, STARTED_SYNC, SYNC_REPORT, SYNC_REQUESTS, SYNC_STATUS } from "./sync_examples.ts";

export interface OperationSource {
  readonly method: "get" | "post" | "delete";
  readonly path: string;
  readonly operationId: string;
  /** One tag. */
  readonly tags: readonly [string];
  readonly summary: string;
  readonly description?: string;
  /** Scope of the token. `webhook`: the hook's configuration defines the proof. Default: no token required. */
  readonly scope?: AccessScope | "webhook";
  readonly parameters?: readonly {
    readonly in: "path" | "query" | "header";
    readonly schema: z.ZodObject;
    /** By parameter. */
    readonly examples: Readonly<Record<string, Examples>>;
  }[];
  readonly body?: Content & { readonly isRequired?: boolean };
  /** By status. */
  readonly responses: Readonly<Record<string, Answer>>;
}

const RESPOND_ASYNC = {
  in: "header",
  schema: preferHeader,
  examples: { prefer: { respondAsync: "respond-async" } },
} as const;

export const OPERATIONS: readonly OperationSource[] = [
  hook(HOOKS.plain, { operationId: "receiveEvent", summary: "Receive a registry's event" }),
  hook(HOOKS.quay, {
    operationId: "receiveEventBySecret",
    summary: "Receive a registry's event, with the secret in the path",
  }),
  {
    method: "get",
    path: "/metrics",
    operationId: "getMetrics",
    tags: ["Health"],
    summary: "Get metrics in the Prometheus text format",
    description:
      "Not available on Cloudflare Workers, where no process lives long enough to count.",
    scope: "read",
    responses: {
      200: answer("Metrics since the server started", "text/plain", {
        schema: z.string(),
        examples: { some: METRICS },
      }),
      401: refusals[401],
      413: refusals[413],
      429: refusals[429],
      500: refusals[500],
    },
  },
  {
    method: "post",
    path: "/v1/copies",
    operationId: "copy",
    tags: ["Copies"],
    summary: "Copy an image or artifact",
    description:
      "Copies within this request and streams events. The last event is `report` if the copy succeeds, or `error` with a " +
      "problem if it fails: the status 200 has been sent before. If the client disconnects, the copy is aborted. The same " +
      "request later completes it.\n\n" +
      "With `Accept: application/json` there is one response, at the end: the report, or a problem with its status. Until then no " +
      "byte is sent, so each proxy and client on the way needs an idle timeout that is longer than the copy.\n\n" +
      "With `Prefer: respond-async`, a server that has a durable runner responds with 202 and copies in the background.",
    scope: "copy",
    parameters: [RESPOND_ASYNC],
    body: { schema: copyBody, examples: { mirror: MIRROR, respondAsync: MIRROR } },
    responses: {
      200: jobResult({ event: streamEventSchema, report: reportSchema }, { mirror: REPORT }),
      202: accepted(
        json("A durable copy was started or is already running", durableCopySchema, {
          respondAsync: QUEUED_COPY,
        }),
        "URL of the copy's state, relative to that of the request",
      ),
      ...refusals,
      ...formatRefusals,
      ...bodyRefusals,
      ...failures,
    },
  },
  {
    method: "get",
    path: "/v1/copies/{id}",
    operationId: "getCopy",
    tags: ["Copies"],
    summary: "Get the state and report of a durable copy",
    scope: "read",
    parameters: [{ in: "path", schema: copyParams, examples: { id: { finished: COPY_ID } } }],
    responses: {
      200: json("The copy", durableCopySchema, { finished: FINISHED_COPY }),
      ...refusals,
      404: failures[404],
    },
  },
  {
    method: "delete",
    path: "/v1/copies/{id}",
    operationId: "cancelCopy",
    tags: ["Copies"],
    summary: "Cancel a durable copy",
    description:
      "A copy that has ended keeps its state. Content that was uploaded stays at the destination. The tag does not move.",
    scope: "copy",
    parameters: [{ in: "path", schema: copyParams, examples: { id: { cancelled: COPY_ID } } }],
    responses: {
      200: json("The copy", durableCopySchema, { cancelled: CANCELLED_COPY }),
      ...refusals,
      404: failures[404],
    },
  },
  {
    method: "post",
    path: "/v1/plans",
    operationId: "makePlan",
    tags: ["Plans and steps"],
    summary: "Show what a copy would do",
    description:
      "Dry run: writes nothing. To perform the plan, send each step to `/v1/steps`, stages in order. With `budget`, the response " +
      "says what the copy needs on a platform, whether it fits, and what it costs.",
    scope: "read",
    parameters: [{
      in: "query",
      schema: planQuery,
      examples: { survey: { mirror: "true" }, manifests: { mirror: "false" } },
    }],
    body: { schema: planBody, examples: { mirror: MIRROR, budget: BUDGETED } },
    responses: {
      200: json("The plan", plannedSchema, { mirror: PLAN, budget: PLAN_WITH_BUDGET }),
      ...refusals,
      ...bodyRefusals,
      ...failures,
    },
  },
  {
    method: "post",
    path: "/v1/steps",
    operationId: "performStep",
    tags: ["Plans and steps"],
    summary: "Perform one step of a plan",
    description:
      "Mounts or uploads one blob, puts one manifest, or writes one list of referrers. Steps are idempotent.",
    scope: "copy",
    body: { schema: stepSchema, examples: STEPS },
    responses: {
      200: json("The step's result", performedSchema, OUTCOMES),
      ...refusals,
      ...bodyRefusals,
      ...failures,
    },
  },
  {
    method: "post",
    path: "/v1/syncs",
    operationId: "runRules",
    tags: ["Rules"],
    summary: "Run rules of the server's configuration",
    description:
      "Runs the rules one after the other and streams events. The last event is `report`, even if some tags failed: its `result` " +
      "is then `some-failed` or `all-failed`, and each failed tag has an error. If the run is aborted, the last event is `error` with a problem. If the client " +
      "disconnects, the run is aborted. The same request later completes it.\n\n" +
      "With `Accept: application/json` there is one response, at the end: the report with status 200 if nothing failed, otherwise a " +
      "problem with the report as its member `report`. Its status is that of the failures if all have the same code, otherwise 502. " +
      "If a rate limit postponed rules, it is 429.\n\n" +
      "With `Prefer: respond-async`, a host that can run rules in the background responds with 202. A run with `dryRun`, `missing` or " +
      "`only` always runs within the request.",
    scope: "copy",
    parameters: [RESPOND_ASYNC],
    // Without a body, all rules run.
    body: { schema: syncBody, examples: SYNC_REQUESTS, isRequired: false },
    responses: {
      200: jobResult({ event: syncStreamEventSchema, report: syncReportSchema }, {
        alpine: SYNC_REPORT,
      }),
      202: accepted(
        json("Runs were started or are already running", startedSyncSchema, {
          respondAsync: STARTED_SYNC,
        }),
        "URL of the rules' status, relative to that of the request",
      ),
      ...refusals,
      ...formatRefusals,
      ...bodyRefusals,
      ...failures,
    },
  },
  {
    method: "get",
    path: "/v1/syncs",
    operationId: "getRules",
    tags: ["Rules"],
    summary: "Get the status of rules",
    description:
      "Compares each tag of each rule at the registries: its copy is in step, behind or missing. Nothing is stored or written. A tag " +
      "that cannot be compared has an error in its entry; the call still succeeds.",
    scope: "read",
    parameters: [{ in: "query", schema: syncQuery, examples: { rule: { alpine: RULE } } }],
    responses: {
      200: json("The status of the rules", syncStatusSchema, { alpine: SYNC_STATUS }),
      ...refusals,
      404: failures[404],
    },
  },
  {
    method: "get",
    path: "/v1/rules",
    operationId: "listRules",
    tags: ["Rules"],
    summary: "List the rules with their schedules and last runs",
    description:
      "Sends no request to a registry. The state of each tag is in `GET /v1/syncs`. Last runs come from the history.",
    scope: "read",
    responses: {
      200: json("The rules", ruleListSchema, { alpine: RULE_LIST }),
      ...refusals,
    },
  },
  {
    method: "get",
    path: "/v1/runs",
    operationId: "listRuns",
    tags: ["Runs"],
    summary: "List runs of rules and copies, newest first",
    description:
      "Runs that have ended, and on long-running hosts also those that are running. Dry runs are not listed. On a Worker, the copies " +
      "of a rule are runs of their own in `GET /v1/copies/{id}`, with the ids in the results of the tags.",
    scope: "read",
    parameters: [{
      in: "query",
      schema: runsQuery,
      examples: {
        rule: { alpine: RULE },
        state: { alpine: "ok" },
        limit: { alpine: "50" },
        cursor: { alpine: "0zzzzzzzz-00000000" },
      },
    }],
    responses: {
      200: json("A page of runs", runListSchema, { alpine: RUN_LIST }),
      ...refusals,
    },
  },
  {
    method: "get",
    path: "/v1/runs/{id}",
    operationId: "getRun",
    tags: ["Runs"],
    summary: "Get a run with the result of each tag",
    description:
      "A record has a limited size: failures come first, and `truncated` shows that tags are left out. To repeat the run, send its " +
      "`request` again.",
    scope: "read",
    parameters: [{ in: "path", schema: runParams, examples: { id: { alpine: RUN_ID } } }],
    responses: {
      200: json("The run", runRecordSchema, { alpine: RUN }),
      ...refusals,
      404: failures[404],
    },
  },
  {
    method: "get",
    path: "/v1/setup",
    operationId: "getSetup",
    tags: ["Set-up"],
    summary: "Get the server's set-up, without secrets",
    scope: "read",
    responses: {
      200: json("The set-up", setupSchema, { all: SETUP }),
      ...refusals,
    },
  },
  {
    method: "post",
    path: "/v1/checks",
    operationId: "checkAccess",
    tags: ["Set-up"],
    summary: "Check whether the credential for a registry or repository works",
    description:
      "Sends a request to the registry with the credential that the server has for it. A rejected credential is a result, not an " +
      "error. The allow-lists or a rule must name the registry or repository.",
    scope: "read",
    body: { schema: checkBodySchema, examples: CHECKS },
    responses: {
      200: json("The result of the check", accessCheckSchema, CHECK_RESULTS),
      ...refusals,
      ...bodyRefusals,
      ...failures,
    },
  },
  {
    method: "get",
    path: "/v1/images",
    operationId: "inspectImage",
    tags: ["Images"],
    summary: "Inspect an image: manifests, platforms, configs, layers and referrers",
    description: "Reads manifests and configs, but no layers.",
    scope: "read",
    parameters: [{
      in: "query",
      schema: imageQuery,
      examples: { reference: { alpine: `${ALPINE}:3.20` } },
    }],
    responses: {
      200: json("The image", inspectionSchema, { alpine: INSPECTION }),
      ...refusals,
      ...failures,
    },
  },
  {
    method: "get",
    path: "/v1/tags",
    operationId: "listTags",
    tags: ["Images"],
    summary: "List a repository's tags",
    scope: "read",
    parameters: [{ in: "query", schema: tagsQuery, examples: { repository: { alpine: ALPINE } } }],
    responses: { 200: json("The tags", tagsSchema, { alpine: TAGS }), ...refusals, ...failures },
  },
  {
    method: "post",
    path: "/v1/verifications",
    operationId: "verifyCopy",
    tags: ["Images"],
    summary: "Compare two images down to their blobs",
    description:
      "Reads the source's manifests and sends a HEAD request to the destination for each part. Copies nothing. A difference is a " +
      "result, not an error.",
    scope: "read",
    body: { schema: verificationBody, examples: COMPARISONS },
    responses: {
      200: json("The result of the comparison", verificationSchema, VERIFICATIONS),
      ...refusals,
      ...bodyRefusals,
      ...failures,
    },
  },
  {
    method: "post",
    path: "/v1/admissions",
    operationId: "checkAdmission",
    tags: ["Images"],
    summary: "Check an image against the admission policy",
    description:
      "Reads the image's signatures and attestations and verifies them by the policy of the server's configuration. Copies " +
      "nothing. A rejected image is a result, not an error. Without a policy, the response is 404.",
    scope: "read",
    body: { schema: admissionBody, examples: ADMISSION_REQUESTS },
    responses: {
      200: json("The verdict", admissionSchema, ADMISSIONS),
      ...refusals,
      ...bodyRefusals,
      ...failures,
    },
  },
  {
    method: "get",
    path: "/healthz",
    operationId: "isAlive",
    tags: ["Health"],
    summary: "Liveness check",
    responses: { 200: json("The server is alive", healthSchema, { alive: { status: "ok" } }) },
  },
  {
    method: "get",
    path: "/readyz",
    operationId: "isReady",
    tags: ["Health"],
    summary:
      "Readiness check: configuration and credentials are valid, and the server is not shutting down",
    responses: {
      200: json("The server accepts requests", healthSchema, { ready: { status: "ok" } }),
      503: refusals[503],
    },
  },
];

function hook(
  { hook, secret, body }: { hook: string; secret?: string; body: unknown },
  texts: Pick<OperationSource, "operationId" | "summary">,
): OperationSource {
  const name = z.string().meta({ description: "the hook's name in the configuration" });
  return {
    method: "post",
    path: secret === undefined ? "/hooks/{name}" : "/hooks/{name}/{secret}",
    tags: ["Webhooks"],
    ...texts,
    description:
      "Called by a registry. The hook's configuration defines the required proof (docs/webhooks/index.md); no API token is needed. An event " +
      "only triggers rules: they define what is copied. The server responds before it copies.",
    scope: "webhook",
    parameters: [{
      in: "path",
      schema: secret === undefined ? z.object({ name }) : z.object({ name, secret: z.string() }),
      examples: { name: { push: hook }, secret: { push: secret } },
    }],
    body: {
      schema: z.unknown().meta({ description: "The event in the registry's own format" }),
      examples: { push: body },
    },
    responses: {
      202: json("The event was accepted or ignored", hookAnswerSchema, {
        push: { state: "accepted" },
      }),
      400: refusals[400],
      401: refusals[401],
      404: failures[404],
      408: bodyRefusals[408],
      413: refusals[413],
      500: refusals[500],
      502: failures[502],
      503: refusals[503],
      504: failures[504],
    },
  };
}
