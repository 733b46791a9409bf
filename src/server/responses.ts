/** Parts that routes share in the OpenAPI document. */
import type * as z from "zod";
import { problemSchema } from "./problem.ts";

interface JsonContent<Schema> {
  readonly description: string;
  readonly content: { readonly "application/json": { readonly schema: Schema } };
}

/** A JSON answer. */
export function json<Schema extends z.ZodType>(
  description: string,
  schema: Schema,
): JsonContent<Schema> {
  return { description, content: { "application/json": { schema } } };
}

/** A JSON body that has to be there. */
export function body<Schema extends z.ZodType>(
  schema: Schema,
): {
  readonly required: true;
  readonly content: { readonly "application/json": { readonly schema: Schema } };
} {
  return { required: true, content: { "application/json": { schema } } };
}

function problem(description: string): {
  readonly description: string;
  readonly content: {
    readonly "application/problem+json": { readonly schema: typeof problemSchema };
  };
} {
  return { description, content: { "application/problem+json": { schema: problemSchema } } };
}

/** What every call may be refused by. */
export const refusals = {
  400: problem("Malformed: names the fields"),
  401: problem("No token, or none that is known"),
  403: problem("The token's scope or the allow-lists do not permit it, or a registry does not"),
  413: problem("The body is too large"),
  415: problem("The body is not JSON"),
  429: problem("Too many wrong tokens, or a registry's rate limit"),
  500: problem("A bug in crossdock"),
  503: problem("The server is about to stop, or its configuration is wrong"),
} as const;

/** What a call that asks registries may fail with besides. */
export const failures = {
  ...refusals,
  404: problem("Not found at the registry"),
  409: problem("The destination holds something else, or its tag is immutable"),
  422: problem("The content cannot be copied as asked, or is above a limit"),
  502: problem(
    "A registry cannot be reached, refused its credential, or answered as it should not",
  ),
  504: problem("A registry went silent"),
} as const;
