/**
 * The steps of a plan: plain JSON, no secret, each one thing that can be done again without harm. A step may come back
 * from outside (a workflow, a queue, an HTTP request), so its shape is a schema.
 */
import * as z from "zod";
import { isRepositoryPath, parseRepository } from "../oci/reference.ts";
import { ParseError } from "../errors.ts";
import { digestSchema as digest } from "../oci/digest.ts";
import { formatIssues, immutable } from "../schema.ts";

const repository = z.string().max(512, { abort: true }).refine(
  isRepository,
  "not a repository: registry/name",
)
  .meta({ format: "oci-repository", description: "`registry/repository`" });

/** It gets into the scope that a token is asked for, where a space or a colon would ask for more. */
const path = z.string().max(255, { abort: true }).refine(
  isRepositoryPath,
  "not the path of a repository, without the registry",
).meta({ format: "oci-repository-path" });

/** It is sent as a header, which takes nothing but printable ASCII. */
const mediaType = z.string().max(255).regex(/^[!-~]([ -~]*[!-~])?$/, "not a media type");

const descriptor = z.strictObject({
  mediaType,
  digest,
  size: z.int().nonnegative().meta({ description: "bytes" }),
  artifactType: z.string().max(255).exactOptional(),
  annotations: z.record(z.string(), z.string()).exactOptional(),
  urls: z.array(z.url({ protocol: /^https?$/ }).max(4096)).max(16).exactOptional().meta({
    description: "where a foreign layer lives: http or https",
  }),
}).meta({ id: "StepDescriptor", description: "What a step moves: type, digest and size" });

const tag = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/, "not a tag");

const blobStep = z.strictObject({
  type: z.literal("blob"),
  source: repository,
  destination: repository,
  descriptor,
  mountFrom: z.array(path).max(8).meta({
    description: "repositories of the destination's registry that may have the blob already",
  }),
  eager: z.boolean().meta({
    description:
      "`true` where the destination is likely to lack the blob: the source is opened while the destination is asked",
  }),
  verify: z.enum(["auto", "stream", "destination"]).meta({ description: "as in a copy" }),
  found: z.enum(["present", "absent"]).exactOptional().meta({
    description:
      "set by a dry run, which asks: what the destination has. Performing a step never relies on it",
  }),
}).meta({
  id: "BlobStep",
  description: "One blob to the destination: it is there, it is mounted, or it is uploaded",
});

const manifestStep = z.strictObject({
  type: z.literal("manifest"),
  source: repository,
  destination: repository,
  descriptor,
  tag: tag.exactOptional().meta({
    description: "the tag to put it under; by digest alone without",
  }),
  content: z.string().max(4 * 1024 * 1024).exactOptional().meta({
    description:
      "the manifest itself, where the source does not have it (an index that was rebuilt) or is not to be asked for it again",
  }),
}).meta({
  id: "ManifestStep",
  description: "One manifest to the destination, under a tag or its digest",
});

const referrersStep = z.strictObject({
  type: z.literal("referrers"),
  destination: repository,
  subject: digest,
  referrers: z.array(descriptor).min(1),
}).meta({
  id: "ReferrersStep",
  description: "What refers to one subject, listed at a destination that has no referrers API",
});

/** A step as it comes from outside. */
export const stepSchema = immutable(
  z.discriminatedUnion("type", [blobStep, manifestStep, referrersStep])
    .meta({ id: "Step", description: "One step of a plan" }),
);

export type Step = z.output<typeof stepSchema>;
/** One blob to the destination: it is there, it is mounted, or it is uploaded. */
export type BlobStep = Extract<Step, { type: "blob" }>;
/** One manifest to the destination, under a tag or its digest. */
export type ManifestStep = Extract<Step, { type: "manifest" }>;
/** What refers to one subject, listed at a destination that has no referrers API. */
export type ReferrersStep = Extract<Step, { type: "referrers" }>;

/** Only `parsedStepSchema` sets it. JSON cannot have it. */
const PARSED = Symbol("parsed");

/** A step that was checked. */
export type ParsedStep = Step & { readonly [PARSED]: true };

/** Checks a step and marks it as checked. */
export const parsedStepSchema = stepSchema.transform(
  (step): ParsedStep => ({ ...step, [PARSED]: true }),
);

/**
 * Takes a step that came from outside. One that was parsed before is returned as it is.
 *
 * @throws ParseError naming each field that is wrong
 */
export function parseStep(value: unknown): ParsedStep {
  if (isParsed(value)) return value;
  const result = parsedStepSchema.safeParse(value);
  if (result.success) return result.data;
  throw new ParseError(`step is not valid: ${formatIssues(result.error.issues)}`);
}

function isParsed(value: unknown): value is ParsedStep {
  return typeof value === "object" && value !== null && PARSED in value;
}

/** A step for people: a manifest's content may have megabytes, and its digest says which one it is. */
export function withoutContent(step: Step): Step {
  if (step.type !== "manifest") return step;
  const { content: _, ...rest } = step;
  return rest;
}

function isRepository(text: string): boolean {
  try {
    parseRepository(text);
    return true;
  } catch {
    return false;
  }
}
