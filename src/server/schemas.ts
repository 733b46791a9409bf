/** Schemas of the API's request bodies and parameters. Schemas of responses are in the folders that produce the data. */
import * as z from "zod";
import type { PlatformName } from "../budget/platforms.ts";
import { copyRequestSchema } from "../copy/request.ts";
import type { ComparisonInput, CopyRequestInput } from "../copy/request.ts";
import { copyIdSchema } from "../durable/durable_copies.ts";
import { parsePlatform } from "../oci/platform.ts";
import { ParseError } from "../errors.ts";
import { isLocal, parseReference, parseRepository } from "../oci/reference.ts";
import type { Reference } from "../oci/reference.ts";
import { RUN_ID } from "../history/run_id.ts";
import { RUN_STATES } from "../history/model.ts";
import { parseAccessName } from "../registry/check_access.ts";
import { schemaFor } from "../schema.ts";
import type { SyncRequest } from "../sync/model.ts";

/** Longer names are rejected before they are parsed. */
const MAX_NAME_LENGTH = 1024;

type PlanInput = CopyRequestInput & { readonly budget?: PlatformName | undefined };

/** More than any image has. */
const MAX_PLATFORMS = 64;

/** Schema of text that `parse` accepts. The error that `parse` throws becomes the issue. `format` is its name in the document. */
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

/** @throws ParseError for a folder or a file, which only the command line can open */
function requireRegistry(reference: Pick<Reference, "registry">): void {
  if (isLocal(reference)) {
    throw new ParseError(
      `${reference.registry} is not a registry: a server has no folders and files`,
    );
  }
}

const referenceText = textFor("oci-reference", (text) => requireRegistry(parseReference(text)))
  .meta({
    description: "`registry/repository[:tag][@digest]`; the tag `latest` if both are missing",
  });

const repositoryText = textFor("oci-repository", (text) => requireRegistry(parseRepository(text)))
  .meta({
    description: "`registry/repository`",
  });

const platforms = z.array(textFor("oci-platform", parsePlatform)).max(MAX_PLATFORMS).optional()
  .meta({ description: copyRequestSchema.shape.platforms.description });

const referrerSource = repositoryText.optional().meta({
  description: copyRequestSchema.shape.referrerSource.description,
});

const copyFields = copyRequestSchema.extend({
  source: referenceText,
  destination: referenceText.meta({
    description: "`registry/repository[:tag]`; the source's tag if the tag is missing",
  }),
  platforms,
  referrerSource,
  referrerDestination: repositoryText.optional().meta({
    description: copyRequestSchema.shape.referrerDestination.description,
  }),
});

const EXCLUSIVE = {
  not: {
    properties: { fastCheck: { const: true }, recheck: { const: true } },
    required: ["fastCheck", "recheck"],
  },
};

/** The flags of `crossdock copy` in camel case. */
export const copyBody = schemaFor<CopyRequestInput>()(
  copyFields.meta({
    id: "CopyRequest",
    description: "A copy: source, destination and options",
    ...EXCLUSIVE,
  }),
);

/** The request for a plan: a copy, and the platform of a budget. */
export const planBody = schemaFor<PlanInput>()(
  copyFields.extend({
    budget: z.enum(["workers-free", "workers-paid", "deno-deploy"]).optional().meta({
      description: "platform to estimate the copy for",
    }),
  }).meta({
    id: "PlanRequest",
    description: "A copy to plan",
    ...EXCLUSIVE,
  }),
);

export const copyParams = z.object({
  id: copyIdSchema.meta({ description: "the id from the response that started the copy" }),
});

export const planQuery = z.strictObject({
  survey: z.enum(["true", "false"]).default("true").meta({
    description: "whether to check each blob at the destination; required for `totals`",
  }),
  manifests: z.enum(["true", "false"]).default("false").meta({
    description:
      "whether steps contain the manifests that planning has read, up to 4 MiB, so that performing them does not read them again",
  }),
});

export const imageQuery = z.strictObject({ reference: referenceText });

export const tagsQuery = z.strictObject({ repository: repositoryText });

export const hookAnswerSchema = z.object({
  state: z.enum(["accepted", "ignored"]).meta({
    description: "`accepted`: rules run after the response; `ignored`: no rule runs",
  }),
  why: z.string().optional().meta({ description: "why the event is ignored" }),
}).meta({ id: "HookAnswer", description: "What the server does with an event" });

/** The options of the copy that decide what must be at the destination. */
export const verificationBody = schemaFor<ComparisonInput>()(
  copyFields.omit({ verify: true, ifExists: true, recheck: true, fastCheck: true }).meta({
    id: "VerificationRequest",
    description: "Two images to compare, with the options of the copy",
  }),
);

/** An image to check against the admission policy. */
export const admissionBody = z.strictObject({ reference: referenceText, referrerSource })
  .meta({ id: "AdmissionRequest" });

/** 200 names of the maximum length fit into a body. */
const MAX_RULES = 200;

/** The same limit as in a configuration. */
const ruleName = z.string().min(1).max(255).meta({ format: "crossdock-rule" });

export const syncBody = schemaFor<SyncRequest>()(
  z.strictObject({
    rules: z.array(ruleName).max(MAX_RULES).optional().meta({
      description: "names of the rules to run. Default: all rules",
    }),
    missing: z.boolean().optional().meta({
      description: "whether to copy only tags that are missing at a target. Default `false`",
    }),
    dryRun: z.boolean().optional().meta({
      description: "whether to write nothing and report what would be copied. Default `false`",
    }),
    only: textFor("oci-reference", (text) => {
      if (parseReference(text).digest) throw new ParseError("expected a repository or a tag");
    }).optional().meta({
      description:
        "the only part of their source to run: `registry/repository[:tag]`. Nothing is " +
        "pruned. Default: everything",
    }),
  }).meta({ id: "SyncRequest", description: "The rules to run, with options" }),
);

/** A query parameter that may be repeated: one value is a string, several are a list. */
function repeated<Value extends string>(
  schema: z.ZodType<Value, string>,
  description: string,
): z.ZodOptional<z.ZodType<Value[], string | string[]>> {
  return z.union([schema.transform((value) => [value]), z.array(schema)]).optional()
    .meta({ description });
}

export const syncQuery = z.strictObject({
  rule: repeated(
    ruleName,
    "names of the rules; repeat the parameter for several. Default: all rules",
  ),
});

export const runsQuery = z.strictObject({
  rule: repeated(ruleName, "names of rules; repeat the parameter for several. Default: all runs"),
  state: repeated(z.enum(RUN_STATES), "repeat the parameter for several. Default: all states"),
  limit: z.string().regex(/^(?:[1-9]\d?|1\d\d|200)$/, "expected a whole number from 1 to 200")
    .default("50").transform(Number).meta({ description: "the most runs of a page, 1 to 200" }),
  cursor: z.string().max(MAX_NAME_LENGTH).optional().meta({
    description: "`next` of the previous page. Default: the newest runs",
  }),
});

export const runParams = z.object({
  id: z.string().regex(RUN_ID, "not the id of a run").meta({ description: "the id of the run" }),
});

export const checkBodySchema = z.strictObject({
  name: textFor("oci-repository", (text) => requireRegistry(parseAccessName(text))).meta({
    description: "a registry, or `registry/repository`",
  }),
  access: z.enum(["pull", "push"]).optional().meta({
    description: "`push` needs a repository and the scope `copy`: it opens an upload there and " +
      "cancels it. Default `pull`",
  }),
}).refine(({ name, access }) => access !== "push" || name.includes("/"), {
  path: ["name"],
  error: "expected registry/repository: a push needs a repository",
}).meta({ id: "CheckRequest", description: "A registry or repository whose access is checked" });
