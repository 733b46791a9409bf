/** Schemas of the data of a copy. The API returns it, the client validates it, and the OpenAPI document describes it. */
import * as z from "zod";
import { SIDES } from "../errors.ts";
import { descriptorSchema as descriptor } from "../oci/descriptor.ts";
import { digestSchema as digest } from "../oci/digest.ts";
import { REFERRER_KINDS } from "../oci/referrer_kind.ts";
import { schemaFor } from "../schema.ts";
import type { AdmissionVerdict } from "./admission.ts";
import type {
  CopyEvent,
  Difference,
  Inspection,
  Outcome,
  Performed,
  Plan,
  PlanTotals,
  ReferrerCount,
  ReferrerState,
  Report,
  Stage,
  Verification,
} from "./model.ts";
import { stepSchema } from "./step.ts";

const count = z.int().nonnegative();

const resolved = z.string().meta({
  description: "resolved name: `registry/repository[:tag]@digest`",
});

export const requestsSchema = z.object({ source: count, destination: count }).meta({
  description: "number of requests to each side, without token requests",
});

const result = z.enum(["copied", "unchanged", "skipped"]).meta({
  description:
    "`copied`: content was or will be written; `unchanged`: the destination already has everything; `skipped`: the " +
    "destination has the tag with another digest, and `ifExists` is `skip`",
});

const stageSchema = schemaFor<Stage>()(z.object({
  name: z.enum(["blobs", "manifests", "referrers", "tag", "receipts"]),
  steps: z.array(stepSchema).meta({ description: "steps that may run in parallel" }),
}));

const blobTotals = z.object({ stream: count, mount: count, present: count }).meta({
  description:
    "`stream`: to upload; `mount`: to mount from another repository; `present`: already there",
});

const totalsSchema = schemaFor<PlanTotals>()(z.object({
  blobs: blobTotals,
  bytes: blobTotals,
  manifests: count.meta({
    description: "number of manifests to put; a root that is put by digest and by tag counts twice",
  }),
  // Assumes that every mount succeeds. Does not count the request, once per process, that tests whether the destination checks
  // digests.
  requests: requestsSchema,
}));

/** `admissionSchema` describes it. A Worker only passes it on, and does not need the schema. */
const admission = (z.unknown() as z.ZodType<AdmissionVerdict, AdmissionVerdict>).exactOptional()
  .meta({ description: "as from `POST /v1/admissions`" });

const additionalTags = z.array(z.string()).exactOptional().meta({
  description: "more tags with this digest",
});

export const referrerStateSchema = schemaFor<ReferrerState>()(
  z.object({
    kinds: z.array(
      schemaFor<ReferrerCount>()(z.object({
        kind: z.enum(REFERRER_KINDS).meta({
          description: "`other` includes attestations of other types; nothing is verified",
        }),
        expected: count.meta({ description: "number at the source" }),
        missing: count.meta({ description: "number that the destination lacks" }),
        unavailable: count.meta({
          description: "of these, listed by the source but not found there",
        }),
      })),
    ),
    isPartial: z.boolean().exactOptional().meta({
      description: "present if the source did not list all",
    }),
  }).meta({
    id: "ReferrerState",
    description: "Referrers and digest tags of an image, by kind",
  }),
);

export const planSchema = schemaFor<Plan>()(
  z.object({
    source: resolved,
    destination: resolved.meta({
      description: "`registry/repository[:tag]@digest`, with the digest after the copy",
    }),
    additionalTags,
    root: descriptor,
    current: digest.exactOptional().meta({
      description: "digest of the destination before the copy; absent if it does not exist",
    }),
    result,
    stages: z.array(stageSchema).meta({
      description: "in order: each stage starts when the previous one is complete",
    }),
    foreign: z.array(descriptor).meta({
      description: "foreign layers (stored outside the registry), which are not copied",
    }),
    referrerState: referrerStateSchema.exactOptional(),
    warnings: z.array(z.string()),
    requests: requestsSchema.exactOptional().meta({
      description:
        "number of requests that planning took, with the check of each blob, without token requests",
    }),
    totals: totalsSchema.exactOptional().meta({
      description: "totals; only if each blob was checked at the destination",
    }),
    admission,
  }).meta({
    id: "Plan",
    description: "The steps of a copy, in order",
  }),
);

export const reportSchema = schemaFor<Report>()(
  z.object({
    source: resolved,
    destination: resolved,
    additionalTags,
    digest: digest.meta({
      description:
        "digest of the root manifest at the destination; differs from the source's only if an index was rebuilt or unwrapped",
    }),
    result,
    blobs: z.object({ streamed: count, mounted: count, present: count, foreign: count }),
    bytesStreamed: count.meta({
      description: "bytes of uploaded blobs; a blob that was sent again counts once",
    }),
    manifests: count.meta({
      description: "number of manifests that were put, including referrers and digest tags",
    }),
    referrers: count.meta({ description: "number of referrers and digest tags among `manifests`" }),
    receipts: count.exactOptional().meta({
      description: "number of receipts that were signed and put; absent if there were none",
    }),
    referrerState: referrerStateSchema.exactOptional(),
    requests: requestsSchema,
    durationMs: z.number().nonnegative().meta({ description: "duration in milliseconds" }),
    warnings: z.array(z.string()),
    admission,
  }).meta({ id: "Report", description: "The result of a finished copy" }),
);

const blobOutcome = z.object({
  type: z.literal("blob"),
  state: z.enum(["streamed", "mounted", "present"]),
  bytes: count.meta({ description: "bytes that were uploaded" }),
});

const manifestOutcome = z.object({ type: z.literal("manifest"), state: z.literal("put") });

const referrersOutcome = z.object({
  type: z.literal("referrers"),
  state: z.enum(["written", "unneeded"]).meta({
    description:
      "`written`: the fallback index was updated; `unneeded`: the destination has the referrers API or lists them already",
  }),
});

const receiptOutcome = z.object({
  type: z.literal("receipt"),
  state: z.enum(["put", "present"]).meta({
    description: "`present`: the destination has a receipt of the same signer",
  }),
});

const outcomeSchema = schemaFor<Outcome>()(
  z.discriminatedUnion("type", [blobOutcome, manifestOutcome, referrersOutcome, receiptOutcome])
    .meta({ id: "Outcome", description: "The result of a step" }),
);

export const performedSchema = schemaFor<Performed>()(
  z.discriminatedUnion("type", [
    blobOutcome.extend({ requests: requestsSchema }),
    manifestOutcome.extend({ requests: requestsSchema }),
    referrersOutcome.extend({ requests: requestsSchema }),
    receiptOutcome.extend({ requests: requestsSchema }),
  ]).meta({ id: "Performed", description: "The result of a step, and its number of requests" }),
);

/** The events of a copy. This is an array because a streamed response adds more event types. */
export const copyEvents = [
  z.object({ type: z.literal("plan"), plan: planSchema }).meta({
    description: "the plan is complete; the first step starts next",
  }),
  z.object({ type: z.literal("step-started"), step: stepSchema }),
  z.object({
    type: z.literal("progress"),
    digest: z.string(),
    bytes: count.meta({
      description: "bytes of this blob so far; smaller than before if the blob starts again",
    }),
    sizeBytes: count.meta({ description: "size of the blob in bytes" }),
  }).meta({ description: "progress of one blob" }),
  z.object({ type: z.literal("step-finished"), step: stepSchema, outcome: outcomeSchema }),
  z.object({
    type: z.literal("retry"),
    side: z.enum(SIDES),
    what: z.string().meta({ description: "the request or blob that is retried" }),
    attempt: count.meta({ description: "number of this retry, from 1" }),
    delayMs: z.number().nonnegative().meta({ description: "wait before it, in milliseconds" }),
    reason: z.string().meta({ description: "message of the error" }),
  }).meta({ description: "a request or a blob is retried after a delay" }),
  z.object({ type: z.literal("warning"), message: z.string() }),
  z.object({ type: z.literal("report"), report: reportSchema }).meta({
    description: "the copy is complete; always the last event",
  }),
] as const;

export const copyEventSchema = schemaFor<CopyEvent>()(
  z.discriminatedUnion("type", copyEvents)
    .meta({ id: "CopyEvent", description: "An event of a running copy" }),
);

const manifestNode = z.object({
  descriptor,
  kind: z.enum(["image", "index", "artifact"]),
  platform: z.string().exactOptional().meta({ description: "`os/architecture[/variant]`" }),
  artifactType: z.string().exactOptional(),
  annotations: z.record(z.string(), z.string()).exactOptional(),
  config: z.object({
    descriptor,
    content: z.unknown().optional().meta({ description: "parsed content, if it is JSON" }),
  }).exactOptional(),
  layers: z.array(descriptor).meta({ description: "layers of an image, or blobs of an artifact" }),
  get manifests(): z.ZodArray<typeof manifestNode> {
    return z.array(manifestNode);
  },
  referrers: z.array(descriptor).meta({
    description: "manifests whose `subject` is this manifest",
  }),
  digestTags: z.array(z.object({ tag: z.string(), digest })).meta({
    description: "cosign's tags for this manifest: `sha256-….sig`, `.att`, `.sbom`",
  }),
}).meta({ id: "ManifestNode", description: "A manifest of an image, with its children" });

export const inspectionSchema = schemaFor<Inspection>()(
  z.object({
    reference: resolved,
    root: manifestNode,
    totalBytes: count.meta({
      description: "total size of all blobs in bytes; each blob counts once",
    }),
  }).meta({
    id: "Inspection",
    description: "The manifests, configs, layers and referrers of an image",
  }),
);

const differenceSchema = schemaFor<Difference>()(z.object({
  kind: z.enum(["tag", "manifest", "blob", "referrer", "digest-tag"]),
  what: z.string().meta({ description: "digest, or tag" }),
  referrerKind: z.enum(REFERRER_KINDS).exactOptional(),
  state: z.enum(["missing", "different"]),
  wanted: digest.exactOptional().meta({ description: "expected digest, from the source" }),
  found: digest.exactOptional().meta({ description: "digest at the destination" }),
}));

export const verificationSchema = schemaFor<Verification>()(
  z.object({
    source: resolved,
    destination: z.string(),
    equal: z.boolean(),
    state: z.enum(["equal", "incomplete", "different"]).meta({
      description:
        "`incomplete`: the destination has the image, but lacks referrers or digest tags",
    }),
    referrerState: referrerStateSchema.exactOptional(),
    differences: z.array(differenceSchema).meta({
      description: "content that is missing or different at the destination",
    }),
    checked: z.object({ manifests: count, blobs: count, referrers: count }),
  }).meta({ id: "Verification", description: "The result of comparing a copy with its source" }),
);

export const tagsSchema = z.object({
  repository: z.string(),
  tags: z.array(z.string()),
}).meta({ id: "Tags", description: "All tags of a repository, in the order of the registry" });
