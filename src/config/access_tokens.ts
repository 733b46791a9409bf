/** Bearer tokens of callers. Each has a name and can be revoked without the others. */
import * as z from "zod";
import { ParseError } from "../errors.ts";
import { safeParse } from "../schema.ts";

/** `read` may inspect and compare; `copy` may also write. */
export type AccessScope = "copy" | "read";

/** The token of one caller. */
export interface AccessToken {
  /** For logs, which never contain the token itself. */
  readonly name: string;
  /** At least 16 characters of ASCII without spaces. */
  readonly token: string;
  /** What its caller may do. */
  readonly scope: AccessScope;
}

/** Shorter ones could be guessed over the network. */
const MIN_TOKEN_LENGTH = 16;

const token = z.string()
  .min(MIN_TOKEN_LENGTH, `a token is shorter than ${MIN_TOKEN_LENGTH} characters`)
  .regex(/^[\x21-\x7e]+$/, "a token has a space or a character that is not ASCII");

const tokens = z.record(
  z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, "expected a name of letters, digits and . _ -"),
  z.union([
    token,
    z.strictObject({ token, scope: z.enum(["copy", "read"]).default("copy") }),
  ], "expected a token, or an object with token and scope"),
);

/**
 * Reads tokens: a JSON object from names to tokens or to `{"token": …, "scope": "copy"|"read"}`. The default scope is `copy`.
 *
 * @throws ParseError that quotes no token
 */
export function parseAccessTokens(text: string): AccessToken[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Without the cause, which quotes the text.
    throw new ParseError(
      'not JSON, expected an object such as {"ci": "…", "board": {"token": "…", "scope": "read"}}',
    );
  }
  const result = safeParse(tokens, value, { quotes: false });
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new ParseError(`${describeEntry(value, issue?.path[0])}: ${issue && explain(issue)}`);
  }
  if (Object.keys(result.data).length !== Object.keys(Object(value)).length) {
    throw new ParseError("__proto__ cannot be the name of a token");
  }
  if (countKeys(value) !== countWrittenKeys(text)) {
    throw new ParseError("two entries have the same name, and JSON keeps only the last one");
  }
  const named = Object.entries(result.data).map(([name, entry]): AccessToken =>
    typeof entry === "string" ? { name, token: entry, scope: "copy" } : { name, ...entry }
  );
  const twice = named.find(({ token }, i) => named.findIndex((one) => one.token === token) < i);
  if (twice) throw new ParseError(`${twice.name}: another name has the same token`);
  return named;
}

/** Names an entry. A name that is as long as a token may be one: some people write the token first. */
function describeEntry(value: unknown, name: PropertyKey | undefined): string {
  if (name === undefined) return "tokens";
  if (String(name).length < MIN_TOKEN_LENGTH) return String(name);
  return `entry ${Object.keys(Object(value)).indexOf(String(name)) + 1}`;
}

/** The keys of an object and of the objects in it. */
function countKeys(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return Object.values(value).reduce((sum: number, member) => sum + 1 + countKeys(member), 0);
}

/** The keys that a valid JSON text has, with repeated ones. */
function countWrittenKeys(text: string): number {
  return text.match(/"(?:[^"\\]|\\.)*"(?:\s*:)?/g)?.filter((part) => part.endsWith(":")).length ??
    0;
}

/**
 * Checks tokens that a program passes, as `parseAccessTokens()` checks those of a text.
 *
 * @throws ParseError that quotes no token
 */
export function checkAccessTokens(tokens: readonly AccessToken[]): void {
  const names = tokens.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) throw new ParseError(`${twice}: two tokens have this name`);
  parseAccessTokens(
    JSON.stringify(Object.fromEntries(tokens.map(({ name, ...token }) => [name, token]))),
  );
}

/** Describes what is wrong with the form that the value most likely has. */
function explain(issue: z.core.$ZodIssue): string {
  // The key may be a token in the wrong place.
  if (issue.code === "unrecognized_keys") return "has a key besides token and scope";
  if (issue.code !== "invalid_union") return issue.message;
  const known = issue.errors.flat().find(({ code }) =>
    code !== "invalid_type" && code !== "unrecognized_keys"
  );
  return known?.message ?? issue.message;
}

/**
 * Finds the token of a request in constant time: all hashes are compared to the end, so that the time does not show how much of a
 * token was right.
 */
export async function findAccessToken(
  token: string,
  known: readonly AccessToken[],
): Promise<AccessToken | undefined> {
  const hash = await sha256(token);
  let found: AccessToken | undefined;
  for (const candidate of known) {
    const other = await sha256(candidate.token);
    let difference = 0;
    for (let i = 0; i < hash.length; i++) difference |= (hash[i] ?? 0) ^ (other[i] ?? 0);
    if (difference === 0) found = candidate;
  }
  return found;
}

async function sha256(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}
