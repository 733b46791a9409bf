/** Creates routers, and the middleware that validates requests. */
import { Hono } from "hono";
import type { MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { validator } from "hono/validator";
import type * as z from "zod";
import type { AppEnv } from "./app_options.ts";
import { RequestError } from "../problem.ts";
import type { FieldMistake } from "../problem.ts";

/** `application/json` or a type with the suffix `+json`, with or without parameters such as a charset. */
const JSON_TYPE = /^application\/([a-z-.]+\+)?json(;\s*[a-z0-9-]+=[^;]+)*$/i;

/** A middleware that validates a part of the request; `context.req.valid` returns the value. */
type Check<Target extends string, Schema extends z.ZodType> = MiddlewareHandler<
  AppEnv,
  string,
  { in: { [T in Target]: z.input<Schema> }; out: { [T in Target]: z.output<Schema> } }
>;

export function createRouter(): Hono<AppEnv> {
  return new Hono<AppEnv>();
}

/** Rejects a longer body. It reads a body of unknown length up to the limit, so check the caller's token before. */
export function limitRequestBody(maxSize: number): MiddlewareHandler {
  return bodyLimit({
    maxSize,
    onError: () => {
      const detail = `the body is longer than ${maxSize} bytes`;
      throw new RequestError("limit", detail, { status: 413 });
    },
  });
}

/** Validates a part of the request by its schema. For invalid values it throws a problem that names the parameters. */
export function check<
  Target extends "param" | "query" | "header" | "json",
  Schema extends z.ZodType,
>(target: Target, schema: Schema): Check<Target, Schema> {
  const isBody = target === "json";
  return validator(target, async (value): Promise<z.output<Schema>> => {
    const result = await schema.safeParseAsync(value);
    if (result.success) return result.data;
    const errors = result.error.issues.flatMap((issue) => toMistakes(issue, isBody));
    const where = errors.map(({ pointer, parameter, detail }) =>
      `${pointer ?? parameter}: ${detail}`
    );
    throw new RequestError("usage", where.join("; "), { errors });
  }) as unknown as Check<Target, Schema>;
}

/** Validates a JSON body by its schema. An empty body is `{}`. For invalid values it throws a problem with pointers to the fields. */
export function checkBody<Schema extends z.ZodType>(schema: Schema): Check<"json", Schema> {
  const checkJson = check("json", schema);
  return async (context, next) => {
    const type = context.req.header("content-type");
    const isJson = type === undefined
      ? (await context.req.arrayBuffer()).byteLength === 0
      : JSON_TYPE.test(type);
    if (isJson) return await checkJson(context, next);
    throw new RequestError("usage", "Unsupported Media Type", {
      status: 415,
      hint: "send Content-Type: application/json",
    });
  };
}

/** Converts an issue to one mistake. An issue about unknown keys becomes one mistake per key, which points to the key itself. */
function toMistakes(issue: z.core.$ZodIssue, isBody: boolean): FieldMistake[] {
  const place = (path: readonly PropertyKey[]): Omit<FieldMistake, "detail"> =>
    isBody ? { pointer: formatPointer(path) } : { parameter: path.map(String).join(".") };
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      ...place([...issue.path, key]),
      detail: isBody ? "unknown field" : "unknown parameter",
    }));
  }
  return [{ ...place(issue.path), detail: issue.message }];
}

/** Formats a JSON pointer as a URI fragment. https://www.rfc-editor.org/rfc/rfc6901#section-6 */
function formatPointer(path: readonly PropertyKey[]): string {
  return `#${path.map((part) => `/${escapePointer(String(part))}`).join("")}`;
}

/** `toWellFormed` replaces lone surrogates, for which `encodeURIComponent` throws. */
function escapePointer(part: string): string {
  return encodeURIComponent(part.toWellFormed().replaceAll("~", "~0").replaceAll("/", "~1"));
}
