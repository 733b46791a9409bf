/** `Prefer: respond-async`, https://www.rfc-editor.org/rfc/rfc7240 */
import * as z from "zod";

export const preferHeader = z.object({
  prefer: z.string().max(256).optional().meta({ description: "`respond-async`, RFC 7240" }),
});

/** Whether the header contains `respond-async`. */
export function prefersAsync(prefer = ""): boolean {
  return /(^|[,\s])respond-async($|[,;\s])/i.test(prefer);
}
