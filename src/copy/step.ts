/**
 * The steps of a plan. A step is plain JSON without secrets, and performing it twice does no harm. Steps may come back from a
 * workflow, a queue or an HTTP request, so a schema checks them.
 */
import * as z from "zod";
import { isRepositoryPath, parseRepository } from "../oci/reference.ts";
import { ParseError } from "../errors.ts";
import { digestSchema as digest } from "../oci/digest.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { formatIssues, safeParse, schemaFor } from "../schema.ts";
import { MAX_DATA_CHARACTERS } from "./open_blob_or_data.ts";

/** The media type, digest and size of a blob or manifest. */
export type StepDescriptor = Omit<Descriptor, "platform">;

/** Copies one blob, unless the destination has it: mounts or uploads it. */
export interface BlobStep {
  /** The kind of step. */
  readonly type: "blob";
  /** `registry/repository`. */
  readonly source: string;
  /** `registry/repository`. */
  readonly destination: string;
  /** The blob to copy. */
  readonly descriptor: StepDescriptor;
  /** Paths of repositories in the destination's registry to mount the blob from. */
  readonly mountFrom: readonly string[];
  /** `true` if the destination probably lacks the blob: the source is opened while the destination is still being checked. */
  readonly eager: boolean;
  /** Where the digest is checked; see `verify` of a copy. */
  readonly verify: "auto" | "stream" | "destination";
  /**
   * `true` to upload the blob without asking the destination for it: after a manifest was rejected because it lacks the blob.
   * Default: false.
   */
  readonly resend?: boolean;
  /** Result of the check by a dry run: whether the destination has the blob. Ignored when the step is performed. */
  readonly found?: "present" | "absent";
}

/** Puts one manifest at the destination, by tag or by digest. */
export interface ManifestStep {
  /** The kind of step. */
  readonly type: "manifest";
  /** `registry/repository`. */
  readonly source: string;
  /** `registry/repository`. */
  readonly destination: string;
  /** The manifest to put. */
  readonly descriptor: StepDescriptor;
  /** Tag to set. Default: none, the manifest is put by digest. */
  readonly tag?: string;
  /**
   * Text of the manifest, if the source does not have it (a rebuilt index) or should not be read again. At most 4 MiB.
   * Default: the manifest is read from the source.
   */
  readonly content?: string;
}

/** Lists the referrers of one subject at a destination that has no referrers API. */
export interface ReferrersStep {
  /** The kind of step. */
  readonly type: "referrers";
  /** `registry/repository`. */
  readonly destination: string;
  /** The digest of the manifest that the referrers are about. */
  readonly subject: Digest;
  /** Descriptors to add to the list. */
  readonly referrers: readonly StepDescriptor[];
}

/** The policy that admitted the source of a copy. */
export interface ReceiptPolicy {
  /** The pattern of the policy's entry. */
  readonly images: string;
  /** When the image was checked, by RFC 3339. */
  readonly checkedAt: string;
  /** The names of the signatures and attestations that were accepted. Empty if the policy admits every image of the entry. */
  readonly attestations: readonly string[];
}

/** Signs a receipt for one manifest that the destination has, unless it has one. Only a process with the key can perform it. */
export interface ReceiptStep {
  /** The kind of step. */
  readonly type: "receipt";
  /** Where the receipt is put: `registry/repository`. */
  readonly destination: string;
  /** The manifest that the receipt is about. */
  readonly descriptor: StepDescriptor;
  /** The manifest's repository as clients name it: `registry/repository`. */
  readonly name: string;
  /** The image that was copied: `registry/repository[:tag]@digest`. */
  readonly image: string;
  /** The policy that admitted the image. Absent without a policy. */
  readonly policy?: ReceiptPolicy;
}

/** One step of a plan. */
export type Step =
  | BlobStep
  | ManifestStep
  | ReferrersStep
  | ReceiptStep;

const repository = z.string().max(512, { abort: true }).refine(
  isRepository,
  "not a repository, expected registry/name",
)
  .meta({ format: "oci-repository", description: "`registry/repository`" });

/** Becomes part of a token scope. A space or a colon in it could widen the scope. */
const path = z.string().max(255, { abort: true }).refine(
  isRepositoryPath,
  "not a repository path, expected the name without the registry",
).meta({ format: "oci-repository-path" });

/** Sent as an HTTP header, which allows only printable ASCII. */
const mediaType = z.string().max(255).regex(/^[!-~]([ -~]*[!-~])?$/, "not a media type");

const descriptor = z.strictObject({
  mediaType,
  digest,
  size: z.int().nonnegative().meta({ description: "size in bytes" }),
  artifactType: z.string().max(255).exactOptional(),
  annotations: z.record(z.string(), z.string()).exactOptional(),
  urls: z.array(z.url({ protocol: /^https?$/ }).max(4096)).max(16).exactOptional().meta({
    description: "locations of a foreign layer, `http` or `https`",
  }),
  data: z.string().max(MAX_DATA_CHARACTERS).exactOptional().meta({
    description: "content of a blob, base64, for a source that does not have it",
  }),
}).meta({
  id: "StepDescriptor",
  description: "The media type, digest and size of a blob or manifest",
});

export const tagSchema = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/, "not a tag");

const blobStep = z.strictObject({
  type: z.literal("blob"),
  source: repository,
  destination: repository,
  descriptor,
  mountFrom: z.array(path).max(8).meta({
    description: "paths of repositories in the destination's registry to mount the blob from",
  }),
  eager: z.boolean().meta({
    description:
      "`true` if the destination probably lacks the blob: the source is opened while the destination is still being checked",
  }),
  verify: z.enum(["auto", "stream", "destination"]).meta({
    description: "where the digest is checked; see `verify` of a copy",
  }),
  resend: z.boolean().exactOptional().meta({
    description:
      "`true` to upload the blob without asking the destination for it: after a manifest was rejected because it lacks the blob. " +
      "Default: false",
  }),
  found: z.enum(["present", "absent"]).exactOptional().meta({
    description:
      "result of the check by a dry run: whether the destination has the blob. Ignored when the step is performed",
  }),
}).meta({
  id: "BlobStep",
  description: "Copies one blob, unless the destination has it: mounts or uploads it",
});

const manifestStep = z.strictObject({
  type: z.literal("manifest"),
  source: repository,
  destination: repository,
  descriptor,
  tag: tagSchema.exactOptional().meta({
    description: "tag to set. Default: none, the manifest is put by digest",
  }),
  content: z.string().max(4 * 1024 * 1024).exactOptional().meta({
    description:
      "text of the manifest, if the source does not have it (a rebuilt index) or should not be read again. At most 4 MiB. " +
      "Default: the manifest is read from the source",
  }),
}).meta({
  id: "ManifestStep",
  description: "Puts one manifest at the destination, by tag or by digest",
});

const referrersStep = z.strictObject({
  type: z.literal("referrers"),
  destination: repository,
  subject: digest,
  referrers: z.array(descriptor).min(1).meta({ description: "descriptors to add to the list" }),
}).meta({
  id: "ReferrersStep",
  description: "Lists the referrers of one subject at a destination that has no referrers API",
});

const receiptStep = z.strictObject({
  type: z.literal("receipt"),
  destination: repository,
  descriptor,
  name: repository,
  image: z.string().max(1024).meta({
    description: "the image that was copied: `registry/repository[:tag]@digest`",
  }),
  policy: z.strictObject({
    images: z.string(),
    checkedAt: z.string(),
    attestations: z.array(z.string()),
  }).exactOptional().meta({ description: "the policy that admitted the image" }),
}).meta({
  id: "ReceiptStep",
  description: "Signs a receipt for one manifest. Only copies of the server itself perform it",
});

/** A step from another process, not yet checked. */
export const stepSchema = schemaFor<Step>()(
  z.discriminatedUnion("type", [blobStep, manifestStep, referrersStep, receiptStep])
    .meta({ id: "Step", description: "One step of a plan" }),
);

/** Set only by `parsedStepSchema`. A symbol cannot come from JSON. */
const PARSED = Symbol("parsed");

/** A step that was checked. */
export type ParsedStep = Step & { readonly [PARSED]: true };

/** Checks a step and marks it as parsed. */
export const parsedStepSchema = stepSchema.transform(
  (step): ParsedStep => ({ ...step, [PARSED]: true }),
);

/**
 * Checks a step from another process. A step that is already parsed is returned unchanged.
 *
 * @throws ParseError naming each wrong field
 */
export function parseStep(value: unknown): ParsedStep {
  if (isParsed(value)) return value;
  const result = safeParse(parsedStepSchema, value);
  if (result.success) return result.data;
  throw new ParseError(`invalid step: ${formatIssues(result.error.issues)}`);
}

function isParsed(value: unknown): value is ParsedStep {
  return typeof value === "object" && value !== null && PARSED in value;
}

/** A step for events and messages: the content may have megabytes, and its digest identifies it. */
export function withoutContent(step: Step): Step {
  if (step.type === "manifest") {
    const { content: _, ...rest } = step;
    return rest;
  }
  if (step.type !== "blob" || step.descriptor.data === undefined) return step;
  const { data: _, ...descriptor } = step.descriptor;
  return { ...step, descriptor };
}

/** The step for a destination that reported its content as missing: its own check for a blob is not trusted. */
export function toResend(step: Step): Step {
  return step.type === "blob" ? { ...step, resend: true } : step;
}

function isRepository(text: string): boolean {
  try {
    parseRepository(text);
    return true;
  } catch {
    return false;
  }
}
