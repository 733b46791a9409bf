import type * as z from "zod";
import { WebhookError } from "./webhook_error.ts";

/**
 * Takes out of a payload what a schema names.
 *
 * @throws WebhookError `usage` naming the members that are not as they should be, without their values
 */
export function checkShape<Shape extends z.ZodType>(schema: Shape, body: unknown): z.output<Shape> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const names = new Set(result.error.issues.map(({ path }) => path.join(".") || "the body"));
  throw new WebhookError(
    "usage",
    `read event: missing, unknown or of the wrong type: ${[...names].join(", ")}`,
  );
}
