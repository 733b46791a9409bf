/** The schema of problem details, for those who read them: the client and the Workflows. */
import * as z from "zod";
import { stepSchema } from "./copy/step.ts";
import { SIDES } from "./errors.ts";
import { digestSchema } from "./oci/digest.ts";
import { PROBLEMS } from "./problem.ts";
import type { Problem, ProblemCode } from "./problem.ts";
import { schemaFor } from "./schema.ts";

export const problemSchema = schemaFor<Problem>()(
  z.object({
    type: z.string().meta({ description: "`urn:crossdock:problem:` followed by the code" }),
    title: z.string().meta({ description: "the code in words" }),
    status: z.int().min(400).max(599),
    detail: z.string().meta({ description: "what happened" }),
    code: z.enum(Object.keys(PROBLEMS) as ProblemCode[]),
    side: z.enum(SIDES).optional().meta({ description: "the registry that the error concerns" }),
    hint: z.string().optional().meta({ description: "what to do next" }),
    retryAfterMs: z.number().nonnegative().optional().meta({
      description: "the registry's Retry-After, in milliseconds",
    }),
    errors: z.array(z.object({
      pointer: z.string().optional().meta({
        description: "JSON pointer to the field of the body, such as `#/source`",
      }),
      parameter: z.string().optional().meta({
        description: "name of the path, query or header parameter",
      }),
      detail: z.string(),
    })).optional().meta({ description: "the invalid parts of the request" }),
    step: stepSchema.optional().meta({ description: "the step that failed" }),
    missing: z.array(digestSchema).optional().meta({
      description:
        "digests of the blobs and manifests that the destination named as missing when it rejected a manifest. To " +
        'continue, perform their steps again, blobs first and with `"resend": true`, then the step that failed',
    }),
    requestId: z.string().optional().meta({ description: "the response's `X-Request-Id`" }),
  }).meta({ id: "Problem", description: "Problem details, RFC 9457" }),
);
