/** The bearer tokens that callers show: several, named, so that one can be withdrawn without the others. */
import * as z from "zod";
import { ParseError } from "../errors.ts";

/** `read` may look and compare; `copy` may also write. */
export type Scope = "copy" | "read";

export interface AccessToken {
  /** For logs; the token itself is never shown. */
  readonly name: string;
  readonly token: string;
  readonly scope: Scope;
}

/** Shorter ones could be guessed over the network. */
const MIN_TOKEN_LENGTH = 16;

const token = z.string()
  .min(MIN_TOKEN_LENGTH, `a token is shorter than ${MIN_TOKEN_LENGTH} characters`)
  .regex(/^[\x21-\x7e]+$/, "a token holds a space or a character that is not ASCII");

const tokens = z.record(
  z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, "a name is not of letters, digits and . _ -"),
  z.union([
    token,
    z.strictObject({ token, scope: z.enum(["copy", "read"]).default("copy") }),
  ], "neither a token nor an object of token and scope"),
);

/**
 * Reads tokens: a JSON object of names, each with a token or with `{"token": …, "scope": "copy"|"read"}`. The scope is `copy`
 * where none is given.
 *
 * @throws ParseError that quotes no token
 */
export function parseAccessTokens(text: string): AccessToken[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Without its cause, which quotes the text.
    throw new ParseError(
      'not JSON, want an object such as {"ci": "…", "board": {"token": "…", "scope": "read"}}',
    );
  }
  const result = tokens.safeParse(value);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new ParseError(`${issue?.path[0]?.toString() ?? "tokens"}: ${issue && explain(issue)}`);
  }
  const named = Object.entries(result.data).map(([name, given]): AccessToken =>
    typeof given === "string" ? { name, token: given, scope: "copy" } : { name, ...given }
  );
  const twice = named.find(({ token }, i) => named.findIndex((one) => one.token === token) < i);
  if (twice) throw new ParseError(`${twice.name}: its token is that of another name`);
  return named;
}

/** What is wrong with the likeliest form of the value. */
function explain(issue: z.core.$ZodIssue): string {
  if (issue.code !== "invalid_union") return issue.message;
  const known = issue.errors.flat().find(({ code }) => code !== "invalid_type");
  return known?.message ?? issue.message;
}

/**
 * Finds the token that was shown, in a time that says nothing about how much of it was right: hashes of equal length are
 * compared, all of them, to their ends.
 */
export async function findAccessToken(
  shown: string,
  known: readonly AccessToken[],
): Promise<AccessToken | undefined> {
  const hash = await sha256(shown);
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
