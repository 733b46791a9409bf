import type * as z from "zod";
import { safeParse } from "../../schema.ts";
import { WebhookError } from "./webhook_error.ts";

/**
 * Reads a payload by a schema.
 *
 * @throws WebhookError `usage` with the names of wrong members, without their values
 */
export function checkShape<Shape extends z.ZodType>(schema: Shape, body: unknown): z.output<Shape> {
  const result = safeParse(schema, body, { quotes: false });
  if (result.success) return result.data;
  const names = new Set(result.error.issues.map(({ path }) => path.join(".") || "the body"));
  throw new WebhookError(
    "usage",
    `read event: missing, unknown or of a wrong type: ${[...names].join(", ")}`,
  );
}
