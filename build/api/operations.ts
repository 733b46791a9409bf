/** The operations of the API: what each takes and answers, with examples. `test/build/api` compares them with the routes. */
import * as z from "zod";
import { stepSchema } from "../../src/copy/step.ts";
import type { AccessScope } from "../../src/config/access_tokens.ts";
import { healthSchema } from "../../src/server/routes/health.ts";
import { preferHeader } from "../../src/server/prefer.ts";
import {
  inspectionSchema,
  performedSchema,
  planSchema,
  tagsSchema,
  verificationSchema,
} from "../../src/copy/model.ts";
import { durableCopySchema } from "../../src/durable/durable_copies.ts";
import { startedSyncSchema } from "../../src/rules/rules.ts";
import {
  copyBody,
  copyParams,
  hookAnswerSchema,
  imageQuery,
  planQuery,
  syncBody,
  syncQuery,
  tagsQuery,
  verificationBody,
} from "../../src/server/schemas.ts";
import { streamEventSchema, syncStreamEventSchema } from "../../src/stream_events.ts";
import { syncStatusSchema } from "../../src/sync/model.ts";
import {
  ALPINE,
  CANCELLED_COPY,
  COMPARISONS,
  COPY_ID,
  FINISHED_COPY,
  HOOKS,
  INSPECTION,
  LAST_EVENT,
  METRICS,
  MIRROR,
  OUTCOMES,
  PLAN,
  QUEUED_COPY,
  STEPS,
  TAGS,
  VERIFICATIONS,
} from "./examples.ts";
import {
  accepted,
  answer,
  bodyRefusals,
  conflicts,
  eventStream,
  failures,
  json,
  refusals,
} from "./responses.ts";
import type { Answer, Content, Examples } from "./responses.ts";
import {
  LAST_SYNC_EVENT,
  RULE,
  STARTED_SYNC,
  SYNC_REQUESTS,
  SYNC_STATUS,
} from "./sync_examples.ts";

export interface OperationSource {
  readonly method: "get" | "post" | "delete";
  readonly path: string;
  readonly operationId: string;
  /** One tag. */
  readonly tags: readonly [string];
  readonly summary: string;
  readonly description?: string;
  /** Of the token; `webhook` where the sender proves itself in another way. Without: no token. */
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
  hook(HOOKS.plain, { operationId: "receiveEvent", summary: "Take an event of a registry" }),
  hook(HOOKS.quay, {
    operationId: "receiveEventBySecret",
    summary: "Take an event of a registry that can prove nothing but that it knows the path",
  }),
  {
    method: "get",
    path: "/metrics",
    operationId: "getMetrics",
    tags: ["Health"],
    summary: "Counts in Prometheus' text format",
    description: "Served where the host lives long enough to count, which Workers does not.",
    scope: "read",
    responses: {
      200: answer("The counts since the server started", "text/plain", {
        schema: z.string(),
        examples: { some: METRICS },
      }),
      401: refusals[401],
      429: refusals[429],
    },
  },
  {
    method: "post",
    path: "/v1/copies",
    operationId: "copy",
    tags: ["Copies"],
    summary: "Copy an image or artifact",
    description:
      "Copies in this request and answers with a stream of events. The last one is `report`, or `error` with a problem: by " +
      "then the status has long been sent. A client that goes away stops the copy, and doing it again finishes it.\n\n" +
      "With `Prefer: respond-async`, and a durable runner at the server, the answer is 202 and the copy goes on by itself.",
    scope: "copy",
    parameters: [RESPOND_ASYNC],
    body: { schema: copyBody, examples: { mirror: MIRROR, respondAsync: MIRROR } },
    responses: {
      200: eventStream(streamEventSchema, { mirror: LAST_EVENT }),
      202: accepted(
        json("A durable copy was started, or is under way", durableCopySchema, {
          respondAsync: QUEUED_COPY,
        }),
        "where its state can be asked for",
      ),
      ...refusals,
      ...bodyRefusals,
      ...failures,
    },
  },
  {
    method: "get",
    path: "/v1/copies/{id}",
    operationId: "getCopy",
    tags: ["Copies"],
    summary: "State and report of a durable copy",
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
      "One that has ended stays as it is. What has arrived stays; the tag does not move.",
    scope: "copy",
    parameters: [{ in: "path", schema: copyParams, examples: { id: { cancelled: COPY_ID } } }],
    responses: {
      200: json("The copy", durableCopySchema, { cancelled: CANCELLED_COPY }),
      ...refusals,
      404: failures[404],
      413: bodyRefusals[413],
    },
  },
  {
    method: "post",
    path: "/v1/plans",
    operationId: "makePlan",
    tags: ["Plans and steps"],
    summary: "Show what a copy would do",
    description: "Writes nothing. Each step can be given to `/v1/steps`, stage after stage.",
    scope: "read",
    parameters: [{
      in: "query",
      schema: planQuery,
      examples: { survey: { mirror: "true" }, manifests: { mirror: "false" } },
    }],
    body: { schema: copyBody, examples: { mirror: MIRROR } },
    responses: {
      200: json("The plan", planSchema, { mirror: PLAN }),
      ...refusals,
      ...bodyRefusals,
      ...failures,
      ...conflicts,
    },
  },
  {
    method: "post",
    path: "/v1/steps",
    operationId: "performStep",
    tags: ["Plans and steps"],
    summary: "Perform one step of a plan",
    description:
      "Exactly one cross-mount, one upload, one manifest or one list of referrers. Doing it again does no harm.",
    scope: "copy",
    body: { schema: stepSchema, examples: STEPS },
    responses: {
      200: json("What became of it", performedSchema, OUTCOMES),
      ...refusals,
      ...bodyRefusals,
      ...failures,
      ...conflicts,
    },
  },
  {
    method: "post",
    path: "/v1/syncs",
    operationId: "runRules",
    tags: ["Rules"],
    summary: "Run rules of the server's configuration",
    description:
      "Runs them one after the other and answers with a stream of events. The last one is `report`, also where some of it failed: " +
      "`result` says so, and for each tag why. Or it is `error` with a problem, where the run was given up. A client that goes away " +
      "stops the run, and doing it again finishes it.\n\n" +
      "With `Prefer: respond-async`, and a host where rules can run by themselves, the answer is 202. With `dryRun` or `missing` the " +
      "run is waited for in any case.",
    scope: "copy",
    parameters: [RESPOND_ASYNC],
    // Without one, all rules run.
    body: { schema: syncBody, examples: SYNC_REQUESTS, isRequired: false },
    responses: {
      200: eventStream(syncStreamEventSchema, { alpine: LAST_SYNC_EVENT }),
      202: accepted(
        json("Runs were started, or are under way", startedSyncSchema, {
          respondAsync: STARTED_SYNC,
        }),
        "where it can be asked how the rules stand",
      ),
      ...refusals,
      ...bodyRefusals,
      404: failures[404],
    },
  },
  {
    method: "get",
    path: "/v1/syncs",
    operationId: "getRules",
    tags: ["Rules"],
    summary: "How the rules stand",
    description:
      "For each rule and tag whether its copy is in step, behind or missing, as the registries say now: nothing is stored, and " +
      "nothing is written. That something could not be found out is no error of the call's.",
    scope: "read",
    parameters: [{ in: "query", schema: syncQuery, examples: { rule: { alpine: RULE } } }],
    responses: {
      200: json("How they stand", syncStatusSchema, { alpine: SYNC_STATUS }),
      ...refusals,
      404: failures[404],
    },
  },
  {
    method: "get",
    path: "/v1/images",
    operationId: "inspectImage",
    tags: ["Images"],
    summary: "Show an image: manifests, platforms, configs, layers, and what refers to it",
    description: "Reads manifests and configs, and no layer.",
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
    summary: "Compare two images to the last blob, moving none",
    description:
      "Reads the source's manifests and asks the destination for each part of them, by HEAD. That they differ is no error.",
    scope: "read",
    body: { schema: verificationBody, examples: COMPARISONS },
    responses: {
      200: json("How they compare", verificationSchema, VERIFICATIONS),
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
    summary: "Whether the server lives",
    responses: { 200: json("It does", healthSchema, { alive: { status: "ok" } }) },
  },
  {
    method: "get",
    path: "/readyz",
    operationId: "isReady",
    tags: ["Health"],
    summary: "Whether configuration and credentials are in order",
    responses: {
      200: json("They are", healthSchema, { ready: { status: "ok" } }),
      503: refusals[503],
    },
  },
];

function hook(
  { hook, secret, body }: { hook: string; secret?: string; body: unknown },
  texts: Pick<OperationSource, "operationId" | "summary">,
): OperationSource {
  const name = z.string().meta({ description: "as in the configuration" });
  return {
    method: "post",
    path: secret === undefined ? "/hooks/{name}" : "/hooks/{name}/{secret}",
    tags: ["Webhooks"],
    ...texts,
    description:
      "For a registry, which proves itself as the configuration of the hook says (docs/webhooks.md): no token of the API is asked " +
      "for. An event is a hint where to look; what is copied to where is in the rules. It is answered before anything is copied.",
    scope: "webhook",
    parameters: [{
      in: "path",
      schema: secret === undefined ? z.object({ name }) : z.object({ name, secret: z.string() }),
      examples: { name: { push: hook }, secret: { push: secret } },
    }],
    body: {
      schema: z.unknown().meta({ description: "What the sender sends" }),
      examples: { push: body },
    },
    responses: {
      202: json("Taken", hookAnswerSchema, { push: { state: "accepted" } }),
      400: refusals[400],
      401: refusals[401],
      404: failures[404],
      413: bodyRefusals[413],
      500: refusals[500],
      502: failures[502],
      503: refusals[503],
      504: failures[504],
    },
  };
}
