/** The bodies and parameters that the API takes, as schemas. The data of its answers is declared in the folder that makes it. */
import * as z from "zod";
import { copyRequestSchema } from "../copy/request.ts";
import { copyIdSchema } from "../durable/durable_copies.ts";
import { parsePlatform } from "../oci/platform.ts";
import { parseReference, parseRepository } from "../oci/reference.ts";

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

export const copyParams = z.object({
  id: copyIdSchema.meta({ description: "as `Location` gave it" }),
});

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

/** The options that the copy was made with, as far as they decide what has to be at the destination. */
export const verificationBody = copyBody.omit({ verify: true, ifExists: true, recheck: true }).meta(
  {
    id: "VerificationRequest",
    description: "What is to be compared with what, with the options that the copy was made with",
  },
);

/** As many as a body has room for. */
const MAX_RULES = 200;

/** As long as a config allows. */
const ruleName = z.string().min(1).max(255).meta({ format: "crossdock-rule" });

export const syncBody = z.strictObject({
  rules: z.array(ruleName).max(MAX_RULES).optional().meta({
    description: "names of those to run; all of them without",
  }),
  missing: z.boolean().optional().meta({
    description: "whether only tags are copied that a target lacks. Default `false`",
  }),
  dryRun: z.boolean().optional().meta({
    description: "whether nothing is written, and said what would be. Default `false`",
  }),
}).meta({ id: "SyncRequest", description: "Which rules run, and how" });

export const syncQuery = z.strictObject({
  // One or several.
  rule: z.union([ruleName.transform((name) => [name]), z.array(ruleName)]).optional().meta({
    description: "names of those to ask about; all of them without",
  }),
});
