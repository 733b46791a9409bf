/**
 * The data of a copy, as schemas with their types: plan, outcomes, events, report, inspection and verification. Plain JSON
 * without secrets. The API answers with it, the client checks it, and the OpenAPI document describes it.
 */
import * as z from "zod";
import { SIDES } from "../errors.ts";
import { descriptorSchema as descriptor } from "../oci/descriptor.ts";
import { digestSchema as digest } from "../oci/digest.ts";
import { immutable } from "../schema.ts";
import { stepSchema } from "./step.ts";

const count = z.int().nonnegative();

const resolved = z.string().meta({
  description: "`registry/repository[:tag]@digest`, as it was resolved",
});

export const requestsSchema = z.object({ source: count, destination: count }).meta({
  description: "requests to each side, those for tokens aside",
});

const result = z.enum(["copied", "unchanged", "skipped"]).meta({
  description:
    "`unchanged`: all is there already; `skipped`: the tag is there with another digest and is to stay",
});

const stageSchema = immutable(z.object({
  name: z.enum(["blobs", "manifests", "referrers", "tag"]),
  steps: z.array(stepSchema).meta({ description: "these may run side by side" }),
}));

/** Steps that may run at the same time. Each stage waits for the one before it. */
export type Stage = z.output<typeof stageSchema>;

const fates = z.object({ stream: count, mount: count, present: count });

const totalsSchema = immutable(z.object({
  blobs: fates,
  bytes: fates,
  manifests: count.meta({ description: "those that would be put, a retagged root twice" }),
  // A mount counts as one that succeeds. The test whether the destination checks digests, once a process, does not count.
  requests: requestsSchema,
}));

/** What a plan would move and what it would cost, with the destination asked for each blob. */
export type PlanTotals = z.output<typeof totalsSchema>;

export const planSchema = immutable(
  z.object({
    source: resolved,
    destination: resolved.meta({
      description: "`registry/repository[:tag]@digest`, the digest being the one that it will have",
    }),
    root: descriptor,
    current: digest.exactOptional().meta({
      description: "what the destination's name means now; absent when it is new",
    }),
    result,
    stages: z.array(stageSchema).meta({ description: "each waits for the one before it" }),
    foreign: z.array(descriptor).meta({
      description: "layers that live outside the registry and stay there",
    }),
    warnings: z.array(z.string()),
    requests: requestsSchema.exactOptional().meta({
      description: "requests to each side that the plan itself took, tokens aside",
    }),
    totals: totalsSchema.exactOptional().meta({
      description: "what would move, where the destination was asked",
    }),
  }).meta({
    id: "Plan",
    description: "What has to be at the destination, and in which order",
  }),
);

/** What has to be at the destination, and in which order. */
export type Plan = z.output<typeof planSchema>;

export const reportSchema = immutable(
  z.object({
    source: resolved,
    destination: resolved,
    digest: digest.meta({
      description:
        "of the root at the destination; not the source's only where an index was rebuilt",
    }),
    result,
    blobs: z.object({ streamed: count, mounted: count, present: count, foreign: count }),
    bytesStreamed: count.meta({ description: "bytes of blobs that were sent, each counted once" }),
    manifests: count.meta({
      description: "those that were put, referrers and digest tags included",
    }),
    referrers: count.meta({ description: "referrers and digest tags among them" }),
    requests: requestsSchema,
    durationMs: z.number().nonnegative().meta({ description: "milliseconds" }),
    warnings: z.array(z.string()),
  }).meta({ id: "Report", description: "What a finished copy did" }),
);

/** What a finished copy did. */
export type Report = z.output<typeof reportSchema>;

const blobOutcome = z.object({
  type: z.literal("blob"),
  state: z.enum(["streamed", "mounted", "present"]),
  bytes: count.meta({ description: "bytes that were sent" }),
});

const manifestOutcome = z.object({ type: z.literal("manifest"), state: z.literal("put") });

const referrersOutcome = z.object({
  type: z.literal("referrers"),
  state: z.enum(["written", "unneeded"]).meta({
    description: "`unneeded`: the destination lists referrers by itself",
  }),
});

const outcomeSchema = immutable(
  z.discriminatedUnion("type", [blobOutcome, manifestOutcome, referrersOutcome])
    .meta({ id: "Outcome", description: "The result of a step" }),
);

/** The result of a step. */
export type Outcome = z.output<typeof outcomeSchema>;
export type BlobOutcome = Extract<Outcome, { type: "blob" }>;

export const performedSchema = immutable(
  z.discriminatedUnion("type", [
    blobOutcome.extend({ requests: requestsSchema }),
    manifestOutcome.extend({ requests: requestsSchema }),
    referrersOutcome.extend({ requests: requestsSchema }),
  ]).meta({ id: "Performed", description: "The result of a step, and the requests it took" }),
);

/** The result of a step, and the requests it took. */
export type Performed = z.output<typeof performedSchema>;

/** The events of a copy, each with its `type`. An array, because a streamed answer has others besides. */
export const copyEvents = [
  z.object({ type: z.literal("plan"), plan: planSchema }).meta({
    description: "the plan stands; steps begin",
  }),
  z.object({ type: z.literal("step-started"), step: stepSchema }),
  z.object({
    type: z.literal("progress"),
    digest: z.string(),
    bytes: count.meta({ description: "the sum so far; it goes back where a blob is begun again" }),
    sizeBytes: count,
  }).meta({ description: "more of a blob has been handed to the destination" }),
  z.object({ type: z.literal("step-finished"), step: stepSchema, outcome: outcomeSchema }),
  z.object({
    type: z.literal("retry"),
    side: z.enum(SIDES),
    what: z.string(),
    attempt: count,
    delayMs: z.number().nonnegative(),
    reason: z.string(),
  }).meta({ description: "a request or an upload is going to be tried again" }),
  z.object({ type: z.literal("warning"), message: z.string() }),
  z.object({ type: z.literal("report"), report: reportSchema }).meta({
    description: "the copy is complete; always the last",
  }),
] as const;

export const copyEventSchema = immutable(
  z.discriminatedUnion("type", copyEvents)
    .meta({ id: "CopyEvent", description: "What happens while a copy runs" }),
);

export type CopyEvent = z.output<typeof copyEventSchema>;

/** Takes events as they happen. It must not throw. */
export type Emit = (event: CopyEvent) => void;

const manifestNode = z.object({
  descriptor,
  kind: z.enum(["image", "index", "artifact"]),
  platform: z.string().exactOptional().meta({ description: "`os/architecture[/variant]`" }),
  artifactType: z.string().exactOptional(),
  annotations: z.record(z.string(), z.string()).exactOptional(),
  config: z.object({
    descriptor,
    content: z.unknown().optional().meta({ description: "where it is JSON" }),
  }).exactOptional(),
  layers: z.array(descriptor).meta({ description: "an artifact's blobs, too" }),
  get manifests(): z.ZodArray<typeof manifestNode> {
    return z.array(manifestNode);
  },
  referrers: z.array(descriptor).meta({ description: "what refers to this manifest" }),
  digestTags: z.array(z.object({ tag: z.string(), digest })).meta({
    description: "cosign's tags for it: `.sig`, `.att`, `.sbom`",
  }),
}).meta({ id: "ManifestNode", description: "One manifest, and what is beneath it" });

/** One manifest of an image, and what is beneath it. */
export type ManifestNode = Inspection["root"];

export const inspectionSchema = immutable(
  z.object({
    reference: resolved,
    root: manifestNode,
    totalBytes: count.meta({ description: "bytes of all blobs beneath, each counted once" }),
  }).meta({ id: "Inspection", description: "What an image is made of" }),
);

/** What an image is made of. */
export type Inspection = z.output<typeof inspectionSchema>;

const differenceSchema = immutable(z.object({
  kind: z.enum(["tag", "manifest", "blob", "referrer", "digest-tag"]),
  what: z.string().meta({ description: "a digest, or a tag" }),
  state: z.enum(["missing", "different"]),
  wanted: digest.exactOptional().meta({ description: "what the source has" }),
  found: digest.exactOptional().meta({ description: "what the destination has" }),
}));

/** One thing that the destination lacks or has differently. */
export type Difference = z.output<typeof differenceSchema>;

export const verificationSchema = immutable(
  z.object({
    source: resolved,
    destination: z.string(),
    equal: z.boolean(),
    differences: z.array(differenceSchema).meta({
      description: "what the destination lacks or has differently",
    }),
    checked: z.object({ manifests: count, blobs: count, referrers: count }),
  }).meta({ id: "Verification", description: "How a copy compares with its source" }),
);

/** How a copy compares with its source. */
export type Verification = z.output<typeof verificationSchema>;

export const tagsSchema = z.object({
  repository: z.string(),
  tags: z.array(z.string()),
}).meta({ id: "Tags", description: "All tags of a repository, in the registry's order" });
