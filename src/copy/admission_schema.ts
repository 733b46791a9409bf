import * as z from "zod";
import { digestSchema as digest } from "../oci/digest.ts";
import { schemaFor } from "../schema.ts";
import type { AdmissionVerdict } from "./admission.ts";

const manifestVerdict = z.object({
  digest,
  result: z.enum(["admitted", "rejected"]),
  reason: z.string(),
  requirements: z.array(z.object({
    requirement: z.string(),
    met: z.boolean(),
    candidates: z.array(
      z.object({ name: z.string(), accepted: z.boolean(), reason: z.string() }),
    ),
  })),
});

export const admissionSchema = schemaFor<AdmissionVerdict>()(
  manifestVerdict.extend({
    image: z.string().meta({
      description: "resolved name: `registry/repository[:tag]@digest`",
    }),
    images: z.string().exactOptional().meta({
      description: "the pattern of the policy that applies; absent if none matches",
    }),
    overridden: z.array(z.string()).exactOptional().meta({
      description: "less specific patterns that match as well",
    }),
    children: z.array(manifestVerdict).exactOptional(),
    trustRoot: z.string().exactOptional(),
    warnings: z.array(z.string()),
  }).meta({
    id: "AdmissionVerdict",
    description: "The verdict of the admission policy about an image",
  }),
);
