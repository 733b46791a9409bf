/** What the API takes and gives, as schemas: they check what comes in, and the OpenAPI document is made of them. */
import * as z from "zod";
import type { Inspection, ManifestNode } from "../copy/inspect.ts";
import type { CopyEvent, Outcome, Plan, Report } from "../copy/model.ts";
import { copyRequestSchema } from "../copy/request.ts";
import { digestSchema as digest } from "../copy/schema.ts";
import { stepSchema } from "../copy/step.ts";
import type { Verification } from "../copy/verify.ts";
import type { Performed } from "../engine.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { parsePlatform } from "../oci/platform.ts";
import { parseReference, parseRepository } from "../oci/reference.ts";
import type { DurableCopy } from "../durable/durable_copies.ts";
import { problemSchema } from "../problem.ts";

/** Longer names are refused before they are parsed. */
const MAX_NAME_LENGTH = 1024;

/** No image has so many. */
const MAX_PLATFORMS = 64;

/** Text that `parse` takes; what it throws is the issue. `format` is what the document calls it. */
function textFor(format: string, parse: (text: string) => unknown): z.ZodString {
  return z.string().max(MAX_NAME_LENGTH, { abort: true }).superRefine((text, context) => {
    try {
      parse(text);
    } catch (error) {
      const { message, hint } = error as { message: string; hint?: string };
      context.addIssue({ code: "custom", message: hint ? `${message}; ${hint}` : message });
    }
  }).meta({ format });
}

const referenceText = textFor("oci-reference", parseReference).meta({
  description: "`registry/repository[:tag][@digest]`; `latest` where there is neither",
});

const repositoryText = textFor("oci-repository", parseRepository).meta({
  description: "`registry/repository`",
});

const platforms = z.array(textFor("oci-platform", parsePlatform)).max(MAX_PLATFORMS).optional()
  .meta({ description: copyRequestSchema.shape.platforms.description });

const referrerSource = repositoryText.optional().meta({
  description: copyRequestSchema.shape.referrerSource.description,
});

/** The flags of `crossdock copy` in camel case. */
export const copyBody = copyRequestSchema.extend({
  source: referenceText,
  destination: referenceText.meta({
    description: "`registry/repository[:tag]`; the source's tag where there is none",
  }),
  platforms,
  referrerSource,
  referrerDestination: repositoryText.optional().meta({
    description: copyRequestSchema.shape.referrerDestination.description,
  }),
}).meta({ id: "CopyRequest", description: "What is to be copied where, and how" });

export const planQuery = z.strictObject({
  survey: z.enum(["true", "false"]).default("true").meta({
    description: "whether the destination is asked for each blob, so that totals are known",
  }),
  manifests: z.enum(["true", "false"]).default("false").meta({
    description:
      "whether steps carry the manifests that the plan has read, up to 4 MiB, so that performing them does not read them again",
  }),
});

export const imageQuery = z.strictObject({ reference: referenceText });

export const tagsQuery = z.strictObject({ repository: repositoryText });

export const hookAnswerSchema = z.object({
  state: z.enum(["accepted", "ignored"]).meta({
    description: "`accepted`: rules are run behind the answer; `ignored`: nothing follows from it",
  }),
  why: z.string().optional().meta({ description: "why it is ignored" }),
}).meta({ id: "HookAnswer", description: "What a registry is told of its event" });

const { referrers, digestTags } = copyRequestSchema.shape;

export const verificationBody = z.strictObject({
  source: referenceText,
  destination: referenceText,
  platforms: platforms.meta({ description: "`os/architecture[/variant]`, those to compare" }),
  referrers: referrers.meta({
    description: "whether what refers to a manifest is compared. Default `true`",
  }),
  referrerSource,
  referrerDestination: repositoryText.optional().meta({
    description:
      "`registry/repository`, where they are to be. Default: the destination's repository",
  }),
  digestTags: digestTags.meta({
    description: "whether cosign's tags are compared. Default `true`",
  }),
}).meta({ id: "VerificationRequest", description: "What is to be compared with what" });

const count = z.int().nonnegative();
const bytes = count.meta({ description: "bytes" });

const descriptor: z.ZodType<Descriptor> = z.object({
  mediaType: z.string(),
  digest,
  size: bytes,
  artifactType: z.string().exactOptional(),
  annotations: z.record(z.string(), z.string()).exactOptional(),
  urls: z.array(z.string()).exactOptional().meta({ description: "where a foreign layer lives" }),
  data: z.string().exactOptional().meta({ description: "the content itself, in base64" }),
  platform: z.object({
    os: z.string(),
    architecture: z.string(),
    variant: z.string().exactOptional(),
    "os.version": z.string().exactOptional(),
    "os.features": z.array(z.string()).exactOptional(),
  }).exactOptional(),
}).meta({ id: "Descriptor", description: "Names content by type, digest and size" });

const resolved = z.string().meta({
  description: "`registry/repository[:tag]@digest`, as it was resolved",
});
export const sides = z.object({ source: count, destination: count }).meta({
  description: "requests to each side, those for tokens aside",
});
const result = z.enum(["copied", "unchanged", "skipped"]).meta({
  description:
    "`unchanged`: all is there already; `skipped`: the tag is there with another digest and is to stay",
});
const fates = z.object({ stream: count, mount: count, present: count });

export const planSchema: z.ZodType<Plan> = z.object({
  source: resolved,
  destination: resolved.meta({
    description: "`registry/repository[:tag]@digest`, the digest being the one that it will have",
  }),
  root: descriptor,
  current: digest.exactOptional().meta({
    description: "what the destination's name means now; absent when it is new",
  }),
  result,
  stages: z.array(z.object({
    name: z.enum(["blobs", "manifests", "referrers", "tag"]),
    steps: z.array(stepSchema).meta({ description: "these may run side by side" }),
  })).meta({ description: "each waits for the one before it" }),
  foreign: z.array(descriptor).meta({
    description: "layers that live outside the registry and stay there",
  }),
  warnings: z.array(z.string()),
  requests: sides.exactOptional().meta({
    description: "requests to each side that the plan itself took, tokens aside",
  }),
  totals: z.object({
    blobs: fates,
    bytes: fates,
    manifests: count.meta({ description: "those that would be put, a retagged root twice" }),
    requests: sides,
  }).exactOptional().meta({ description: "what would move, where the destination was asked" }),
}).meta({ id: "Plan", description: "What has to be at the destination, and in which order" });

export const reportSchema: z.ZodType<Report> = z.object({
  source: resolved,
  destination: resolved,
  digest: digest.meta({
    description: "of the root at the destination; not the source's only where an index was rebuilt",
  }),
  result,
  blobs: z.object({ streamed: count, mounted: count, present: count, foreign: count }),
  bytesStreamed: count.meta({ description: "bytes of blobs that were sent, each counted once" }),
  manifests: count.meta({ description: "those that were put, referrers and digest tags included" }),
  referrers: count.meta({ description: "referrers and digest tags among them" }),
  requests: sides,
  durationMs: z.number().nonnegative().meta({ description: "milliseconds" }),
  warnings: z.array(z.string()),
}).meta({ id: "Report", description: "What a finished copy did" });

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

const outcome: z.ZodType<Outcome> = z.discriminatedUnion("type", [
  blobOutcome,
  manifestOutcome,
  referrersOutcome,
]).meta({ id: "Outcome", description: "What became of a step" });

export const performedSchema: z.ZodType<Performed> = z.discriminatedUnion("type", [
  blobOutcome.extend({ requests: sides }),
  manifestOutcome.extend({ requests: sides }),
  referrersOutcome.extend({ requests: sides }),
]).meta({ id: "Performed", description: "What became of a step, and what it took" });

const manifestNode: z.ZodType<ManifestNode> = z.object({
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

export const inspectionSchema: z.ZodType<Inspection> = z.object({
  reference: resolved,
  root: manifestNode,
  totalBytes: count.meta({ description: "bytes of all blobs beneath, each counted once" }),
}).meta({ id: "Inspection", description: "What an image is made of" });

export const tagsSchema = z.object({
  repository: z.string(),
  tags: z.array(z.string()),
}).meta({ id: "Tags", description: "All tags of a repository, in the registry's order" });

export const verificationSchema: z.ZodType<Verification> = z.object({
  source: resolved,
  destination: z.string(),
  equal: z.boolean(),
  differences: z.array(z.object({
    kind: z.enum(["tag", "manifest", "blob", "referrer", "digest-tag"]),
    what: z.string().meta({ description: "a digest, or a tag" }),
    state: z.enum(["missing", "different"]),
    wanted: digest.exactOptional().meta({ description: "what the source has" }),
    found: digest.exactOptional().meta({ description: "what the destination has" }),
  })).meta({ description: "what the destination lacks or has differently" }),
  checked: z.object({ manifests: count, blobs: count, referrers: count }),
}).meta({ id: "Verification", description: "How a copy compares with its source" });

/** What a stream of events has besides those of the copy itself. */
export type StreamEvent =
  | CopyEvent
  | { type: "heartbeat" }
  | { type: "error"; problem: z.output<typeof problemSchema> };

export const eventSchema: z.ZodType<StreamEvent> = z.discriminatedUnion("type", [
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
  z.object({ type: z.literal("step-finished"), step: stepSchema, outcome }),
  z.object({
    type: z.literal("retry"),
    side: z.enum(["source", "destination"]),
    what: z.string(),
    attempt: count,
    delayMs: z.number().nonnegative(),
    reason: z.string(),
  }).meta({ description: "a request or an upload is going to be tried again" }),
  z.object({ type: z.literal("warning"), message: z.string() }),
  z.object({ type: z.literal("heartbeat") }).meta({ description: "nothing else happened for 5 s" }),
  z.object({ type: z.literal("report"), report: reportSchema }).meta({
    description: "the copy is complete; always the last",
  }),
  z.object({ type: z.literal("error"), problem: problemSchema }).meta({
    description: "the copy failed; always the last",
  }),
]).meta({
  id: "Event",
  description: "What happens while a copy runs; the last one is `report` or `error`",
});

const copyId = z.string().regex(/^[0-9a-f]{64}$/, "not the id of a copy");

export const copyParams = z.object({
  id: copyId.meta({ description: "as `Location` gave it" }),
});

export const durableCopySchema: z.ZodType<DurableCopy> = z.object({
  id: copyId,
  state: z.enum(["queued", "running", "complete", "failed", "cancelled"]).meta({
    description: "the last three are ends",
  }),
  report: reportSchema.exactOptional().meta({ description: "once it is complete" }),
  problem: problemSchema.exactOptional().meta({ description: "once it failed" }),
}).meta({ id: "Copy", description: "A copy that goes on without its caller" });
