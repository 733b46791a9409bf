/** Creates routers, and the middleware that validates requests. */
import type { Hono, MiddlewareHandler } from "hono";
import { HonoBase } from "hono/hono-base";
import { TrieRouter } from "hono/router/trie-router";
import type * as z from "zod";
import type { AppEnv } from "./app_options.ts";
import { RequestError } from "../problem.ts";
import type { FieldMistake } from "../problem.ts";
import { rejectDeepJson } from "./json_depth.ts";
import { safeParse } from "../schema.ts";
import { getMountedPath } from "./mounted.ts";
import { readRequestBody, rejectLength } from "./request_body.ts";

/** `application/json` or a type with the suffix `+json`, with or without parameters such as a charset. */
const JSON_TYPE = /^application\/([a-z-.]+\+)?json(;\s*[a-z0-9-]+=[^;]+)*$/i;

/** A middleware that validates a part of the request; `context.req.valid` returns the value. */
type Check<Target extends string, Schema extends z.ZodType> = MiddlewareHandler<
  AppEnv,
  string,
  { in: { [T in Target]: z.input<Schema> }; out: { [T in Target]: z.output<Schema> } }
>;

/** Without hono's second router, which only speeds up apps with many routes, and is larger. */
export function createRouter(): Hono<AppEnv> {
  return new HonoBase<AppEnv>({ router: new TrieRouter(), getPath: getMountedPath });
}

/** Time for the body of an authorized caller. The longest is a step of 9 MiB. */
const BODY_TIMEOUT_MS = 60_000;

/** Limits the body that {@linkcode checkBody} reads. A longer declared length is rejected at once. */
export function limitRequestBody(maxBytes: number): MiddlewareHandler<AppEnv> {
  return async (context, next) => {
    rejectLength(context.req.raw, maxBytes);
    context.set("maxBodyBytes", maxBytes);
    await next();
  };
}

/** Validates a part of the request by its schema. For invalid values it throws a problem that names the parameters. */
export function check<Target extends "param" | "query" | "header", Schema extends z.ZodType>(
  target: Target,
  schema: Schema,
): Check<Target, Schema> {
  return async ({ req }, next) => {
    const value = target === "query"
      ? toSingle(req.queries())
      : target === "param"
      ? req.param()
      : req.header();
    req.addValidatedData(target, validate(value, schema, false) as object);
    await next();
  };
}

/** A parameter with one value is text, one with several is a list. */
function toSingle(query: Readonly<Record<string, string[]>>): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(query).map((
      [name, values],
    ) => [name, values.length > 1 ? values : values[0] ?? ""]),
  );
}

/** Validates a JSON body by its schema. An empty body is `{}`. For invalid values it throws a problem with pointers to the fields. */
export function checkBody<Schema extends z.ZodType>(schema: Schema): Check<"json", Schema> {
  return async (context, next) => {
    const type = context.req.header("content-type");
    if (type !== undefined && !JSON_TYPE.test(type)) throw unsupportedType();
    const maxBytes = context.get("maxBodyBytes") ?? 0;
    const { bytes } = await readRequestBody(context.req.raw, {
      maxBytes,
      timeoutMs: BODY_TIMEOUT_MS,
    });
    if (type === undefined && bytes.byteLength > 0) throw unsupportedType();
    const value = type === undefined ? {} : parseBody(bytes);
    context.req.addValidatedData("json", validate(value, schema, true) as object);
    await next();
  };
}

/** @throws RequestError for bytes that are not JSON or nested too deeply */
function parseBody(bytes: Uint8Array): unknown {
  const text = new TextDecoder().decode(bytes);
  try {
    rejectDeepJson(text);
    return JSON.parse(text);
  } catch (error) {
    const detail = error instanceof RangeError ? error.message : "Malformed JSON in request body";
    throw new RequestError("usage", detail, { errors: [{ pointer: "#", detail }] });
  }
}

function unsupportedType(): RequestError {
  return new RequestError("usage", "Unsupported Media Type", {
    status: 415,
    hint: "send Content-Type: application/json",
  });
}

function validate<Schema extends z.ZodType>(
  value: unknown,
  schema: Schema,
  isBody: boolean,
): z.output<Schema> {
  const result = safeParse(schema, value);
  if (result.success) return result.data;
  throw invalidRequest(result.error.issues.flatMap((issue) => toMistakes(issue, isBody)));
}

/** Mistakes that one problem names. A body of unknown fields would otherwise get a response several times its size. */
const MAX_MISTAKES = 20;

/** The name of a field is the caller's text, and percent-encoding can make it nine times as long. */
const MAX_NAME_LENGTH = 200;

/** The problem of a request with these mistakes. */
export function invalidRequest(mistakes: readonly FieldMistake[]): RequestError {
  const errors = mistakes.slice(0, MAX_MISTAKES);
  const where = errors.map(({ pointer, parameter, detail }) =>
    `${pointer ?? parameter}: ${detail}`
  );
  const more = mistakes.length - errors.length;
  if (more > 0) where.push(`and ${more} more`);
  return new RequestError("usage", where.join("; "), { errors });
}

/** Converts an issue to one mistake. An issue about unknown keys becomes one mistake per key, which points to the key itself. */
function toMistakes(issue: z.core.$ZodIssue, isBody: boolean): FieldMistake[] {
  const place = (path: readonly PropertyKey[]): Omit<FieldMistake, "detail"> =>
    isBody ? { pointer: cut(formatPointer(path)) } : { parameter: cut(path.map(String).join(".")) };
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      ...place([...issue.path, key]),
      detail: isBody ? "unknown field" : "unknown parameter",
    }));
  }
  return [{ ...place(issue.path), detail: issue.message }];
}

function cut(name: string): string {
  return name.length > MAX_NAME_LENGTH ? `${name.slice(0, MAX_NAME_LENGTH)}…` : name;
}

/** Formats a JSON pointer as a URI fragment. https://www.rfc-editor.org/rfc/rfc6901#section-6 */
function formatPointer(path: readonly PropertyKey[]): string {
  return `#${path.map((part) => `/${escapePointer(String(part))}`).join("")}`;
}

/** `toWellFormed` replaces lone surrogates, for which `encodeURIComponent` throws. */
function escapePointer(part: string): string {
  return encodeURIComponent(part.toWellFormed().replaceAll("~", "~0").replaceAll("/", "~1"));
}
