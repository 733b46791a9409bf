/** `Prefer: respond-async`, https://www.rfc-editor.org/rfc/rfc7240 */
import * as z from "zod";
import { parameterExamples } from "./responses.ts";

/** The header of a request that may ask for it, with examples by the names of their answers. */
export function preferHeader(
  ...examples: string[]
): z.ZodObject<{ prefer: z.ZodOptional<z.ZodString> }> {
  const values = Object.fromEntries(examples.map((name) => [name, "respond-async"]));
  return z.object({
    prefer: z.string().max(256).optional().meta({
      description: "`respond-async`, RFC 7240",
      ...parameterExamples(values),
    }),
  });
}

/** The header of the answer that says that it was heeded. */
export const ASYNC_APPLIED = { "Preference-Applied": z.literal("respond-async") } as const;

/** Whether the caller does not want to wait. */
export function prefersAsync(prefer = ""): boolean {
  return /(^|[,\s])respond-async($|[,;\s])/i.test(prefer);
}
