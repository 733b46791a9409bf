import { OpenAPIHono } from "@hono/zod-openapi";
import type * as z from "zod";
import type { AppEnv } from "./app_options.ts";
import { RequestError } from "../problem.ts";
import type { FieldMistake } from "../problem.ts";

/** A router whose requests are checked by their schemas; what these do not like is a problem that names the field. */
export function createRouter(): OpenAPIHono<AppEnv> {
  return new OpenAPIHono<AppEnv>({
    defaultHook: ({ target, ...result }) => {
      if (result.success) return;
      const errors = result.error.issues.flatMap((issue) => toMistakes(issue, target === "json"));
      const where = errors.map(({ pointer, parameter, detail }) =>
        `${pointer ?? parameter}: ${detail}`
      );
      throw new RequestError("usage", where.join("; "), { errors });
    },
  });
}

/** One mistake an issue, but one for each key that is unknown: it is the key that is wrong, not what it stands in. */
function toMistakes(issue: z.core.$ZodIssue, isBody: boolean): FieldMistake[] {
  const place = (path: readonly PropertyKey[]): Omit<FieldMistake, "detail"> =>
    isBody ? { pointer: formatPointer(path) } : { parameter: path.map(String).join(".") };
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      ...place([...issue.path, key]),
      detail: isBody ? "there is no such field" : "there is no such parameter",
    }));
  }
  return [{ ...place(issue.path), detail: issue.message }];
}

/** A JSON pointer as a URI fragment. https://www.rfc-editor.org/rfc/rfc6901#section-6 */
function formatPointer(path: readonly PropertyKey[]): string {
  return `#${path.map((part) => `/${escapePointer(String(part))}`).join("")}`;
}

/** A key may hold half of a surrogate pair, of which no URI can be made. */
function escapePointer(part: string): string {
  return encodeURIComponent(part.toWellFormed().replaceAll("~", "~0").replaceAll("/", "~1"));
}
