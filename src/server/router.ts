import { OpenAPIHono } from "@hono/zod-openapi";
import type { AppEnv } from "./app_options.ts";
import { RequestError } from "./problem.ts";
import type { FieldMistake } from "./problem.ts";

/** A router whose requests are checked by their schemas; what these do not like is a problem that names the field. */
export function createRouter(): OpenAPIHono<AppEnv> {
  return new OpenAPIHono<AppEnv>({
    defaultHook: ({ target, ...result }) => {
      if (result.success) return;
      const errors: FieldMistake[] = result.error.issues.map(({ path, message }) => ({
        ...(target === "json"
          ? { pointer: `#${path.map((part) => `/${escapePointer(part)}`).join("")}` }
          : { parameter: path.join(".") }),
        detail: message,
      }));
      const where = errors.map(({ pointer, parameter, detail }) =>
        `${pointer ?? parameter}: ${detail}`
      );
      throw new RequestError("usage", where.join("; "), { errors });
    },
  });
}

/** https://www.rfc-editor.org/rfc/rfc6901#section-3 */
function escapePointer(part: PropertyKey): string {
  return String(part).replaceAll("~", "~0").replaceAll("/", "~1");
}
