/** What the API takes and gives, as schemas: they check what comes in, and the OpenAPI document is made of them. */
import * as z from "zod";
import type { Inspection, ManifestNode } from "../copy/inspect.ts";
import type { Outcome } from "../copy/perform.ts";
import type { Plan } from "../copy/plan.ts";
import { copyRequestSchema } from "../copy/request.ts";
import type { Report } from "../copy/report.ts";
import { digestSchema as digest } from "../copy/schema.ts";
import { stepSchema } from "../copy/step.ts";
import type { Verification } from "../copy/verify.ts";
import type { Performed } from "../engine.ts";
import type { CopyEvent } from "../events.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { parsePlatform } from "../oci/platform.ts";
import { parseReference, parseRepository } from "../oci/reference.ts";
import type { DurableCopy } from "./durable_copies.ts";
import { problemSchema } from "./problem.ts";

/** Longer names are refused before they are parsed. */
const MAX_NAME_LENGTH = 1024;

/** No image has so many. */
const MAX_PLATFORMS = 64;

/** Text that `parse` takes; what it throws is the issue. */
function textFor(parse: (text: string) => unknown): z.ZodString {
  return z.string().max(MAX_NAME_LENGTH).superRefine((text, context) => {
    try {
      parse(text);
    } catch (error) {
      const { message, hint } = error as { message: string; hint?: string };
      context.addIssue({ code: "custom", message: hint ? `${message}; ${hint}` : message });
    }
  });
}

export const referenceText = textFor(parseReference).meta({
  description: "`registry/repository[:tag][@digest]`",
  example: "docker.io/library/alpine:3.20",
});

export const repositoryText = textFor(parseRepository).meta({
  description: "`registry/repository`",
  example: "docker.io/library/alpine",
});

const platforms = z.array(textFor(parsePlatform)).max(MAX_PLATFORMS).optional().meta({
  description: "`os/architecture[/variant]`, those to copy; all without",
  example: ["linux/amd64", "linux/arm64/v8"],
});

/** The flags of `crossdock copy` in camel case. */
export const copyBody = copyRequestSchema.extend({
  source: referenceText,
  destination: referenceText.meta({ example: "registry.example.com/mirror/alpine:3.20" }),
  platforms,
}).meta({ id: "CopyRequest" });

export const verificationBody = z.strictObject({
  source: referenceText,
  destination: referenceText,
  platforms,
  referrers: z.boolean().optional(),
  digestTags: z.boolean().optional(),
}).meta({ id: "VerificationRequest" });

export const stepBody = stepSchema.meta({
  id: "Step",
  description: "One step of a plan: a blob, a manifest, or what refers to one subject",
});

const descriptor: z.ZodType<Descriptor> = z.object({
  mediaType: z.string(),
  digest,
  size: z.int(),
  artifactType: z.string().exactOptional(),
  annotations: z.record(z.string(), z.string()).exactOptional(),
  urls: z.array(z.string()).exactOptional(),
  data: z.string().exactOptional(),
  platform: z.object({
    os: z.string(),
    architecture: z.string(),
    variant: z.string().exactOptional(),
    "os.version": z.string().exactOptional(),
    "os.features": z.array(z.string()).exactOptional(),
  }).exactOptional(),
}).meta({ id: "Descriptor" });

const sides = z.object({ source: z.int(), destination: z.int() });
const result = z.enum(["copied", "unchanged", "skipped"]);
const fates = z.object({ stream: z.number(), mount: z.number(), present: z.number() });

export const planSchema: z.ZodType<Plan> = z.object({
  source: z.string(),
  destination: z.string(),
  root: descriptor,
  current: digest.exactOptional(),
  result,
  stages: z.array(z.object({
    name: z.enum(["blobs", "manifests", "referrers", "tag"]),
    steps: z.array(stepBody),
  })),
  foreign: z.array(descriptor),
  warnings: z.array(z.string()),
  totals: z.object({ blobs: fates, bytes: fates, manifests: z.int(), requests: sides })
    .exactOptional(),
}).meta({ id: "Plan", description: "What has to be at the destination, and in which order" });

export const reportSchema: z.ZodType<Report> = z.object({
  source: z.string(),
  destination: z.string(),
  digest,
  result,
  blobs: z.object({
    streamed: z.int(),
    mounted: z.int(),
    present: z.int(),
    foreign: z.int(),
  }),
  bytesStreamed: z.number(),
  manifests: z.int(),
  referrers: z.int(),
  requests: sides,
  durationMs: z.number(),
  warnings: z.array(z.string()),
}).meta({ id: "Report", description: "What a finished copy did" });

const blobOutcome = z.object({
  type: z.literal("blob"),
  state: z.enum(["streamed", "mounted", "present"]),
  bytes: z.number(),
});
const manifestOutcome = z.object({ type: z.literal("manifest"), state: z.literal("put") });
const referrersOutcome = z.object({
  type: z.literal("referrers"),
  state: z.enum(["written", "unneeded"]),
});

const outcome: z.ZodType<Outcome> = z.union([blobOutcome, manifestOutcome, referrersOutcome]);

export const performedSchema: z.ZodType<Performed> = z.union([
  blobOutcome.extend({ requests: sides }),
  manifestOutcome.extend({ requests: sides }),
  referrersOutcome.extend({ requests: sides }),
]).meta({ id: "Outcome", description: "What became of a step" });

const manifestNode: z.ZodType<ManifestNode> = z.object({
  descriptor,
  kind: z.enum(["image", "index", "artifact"]),
  platform: z.string().exactOptional(),
  artifactType: z.string().exactOptional(),
  annotations: z.record(z.string(), z.string()).exactOptional(),
  config: z.object({ descriptor, content: z.unknown().optional() }).exactOptional(),
  layers: z.array(descriptor),
  get manifests(): z.ZodArray<typeof manifestNode> {
    return z.array(manifestNode);
  },
  referrers: z.array(descriptor),
  digestTags: z.array(z.object({ tag: z.string(), digest })),
}).meta({ id: "ManifestNode" });

export const inspectionSchema: z.ZodType<Inspection> = z.object({
  reference: z.string(),
  root: manifestNode,
  totalBytes: z.number(),
}).meta({ id: "Inspection" });

export const tagsSchema = z.object({
  repository: z.string(),
  tags: z.array(z.string()),
}).meta({ id: "Tags" });

export const verificationSchema: z.ZodType<Verification> = z.object({
  source: z.string(),
  destination: z.string(),
  equal: z.boolean(),
  differences: z.array(z.object({
    kind: z.enum(["tag", "manifest", "blob", "referrer", "digest-tag"]),
    what: z.string(),
    state: z.enum(["missing", "different"]),
    wanted: digest.exactOptional(),
    found: digest.exactOptional(),
  })),
  checked: z.object({ manifests: z.int(), blobs: z.int(), referrers: z.int() }),
}).meta({ id: "Verification" });

/** What a stream of events has besides those of the copy itself. */
export type StreamEvent =
  | CopyEvent
  | { type: "heartbeat" }
  | { type: "error"; problem: z.output<typeof problemSchema> };

export const eventSchema: z.ZodType<StreamEvent> = z.discriminatedUnion("type", [
  z.object({ type: z.literal("plan"), plan: planSchema }),
  z.object({ type: z.literal("step-started"), step: stepBody }),
  z.object({
    type: z.literal("progress"),
    digest: z.string(),
    bytes: z.number(),
    sizeBytes: z.number(),
  }),
  z.object({ type: z.literal("step-finished"), step: stepBody, outcome }),
  z.object({
    type: z.literal("retry"),
    side: z.enum(["source", "destination"]),
    what: z.string(),
    attempt: z.int(),
    delayMs: z.number(),
    reason: z.string(),
  }),
  z.object({ type: z.literal("warning"), message: z.string() }),
  z.object({ type: z.literal("heartbeat") }),
  z.object({ type: z.literal("report"), report: reportSchema }),
  z.object({ type: z.literal("error"), problem: problemSchema }),
]).meta({ id: "Event", description: "The last one is `report` or `error`" });

export const durableCopySchema: z.ZodType<DurableCopy> = z.object({
  id: z.string(),
  state: z.enum(["queued", "running", "complete", "failed", "cancelled"]),
  report: reportSchema.exactOptional(),
  problem: problemSchema.exactOptional(),
}).meta({ id: "Copy", description: "A copy that goes on without its caller" });
