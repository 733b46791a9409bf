/** The certificates and log keys that are trusted: those of Sigstore's public instance, or of a private one. */
import { ParseError } from "../errors.ts";

/** A `TrustedRoot` of Sigstore. */
export interface TrustRoot {
  /** Parsed JSON. */
  readonly json: unknown;
  /** `undefined` for the one of this package. */
  readonly from?: string;
}

/** The file is that of the package `sigstore` 4.5.1 for Python. */
const SHIPPED_DATE = "2026-10-01";

/** Sigstore replaces keys of its logs about once a year, and announces them months before. */
const MAX_AGE_DAYS = 180;

const DAY_MS = 24 * 60 * 60 * 1000;

/** Loads the trust root of this package. */
export async function loadTrustRoot(): Promise<TrustRoot> {
  const { default: json } = await import("./trusted_root.json", { with: { type: "json" } });
  return { json };
}

/**
 * Parses a trust root.
 *
 * @param from the variable or file, for messages
 * @throws ParseError
 */
export function parseTrustRoot(text: string, from: string): TrustRoot {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new ParseError(`${from}: the trust root is not JSON`, { cause });
  }
  const { mediaType = "", certificateAuthorities } = Object(json) as Partial<
    Record<string, unknown>
  >;
  if (/^application\/vnd\.dev\.sigstore\.trustedroot\b/.test(String(mediaType))) {
    if (Array.isArray(certificateAuthorities)) return { json, from };
  }
  throw new ParseError(`${from}: expected a trust root of Sigstore, such as trusted_root.json`, {
    hint: "create one for a private instance with: cosign trusted-root create",
  });
}

/** Describes a trust root with its age, if that is known. */
export function describeTrustRoot(
  { from }: TrustRoot,
  now: number,
): { readonly description: string; readonly warnings: readonly string[] } {
  if (from !== undefined) return { description: from, warnings: [] };
  const days = Math.max(0, Math.floor((now - Date.parse(SHIPPED_DATE)) / DAY_MS));
  const description = `Sigstore's public instance, of ${SHIPPED_DATE} (${days} days old)`;
  const warnings = days > MAX_AGE_DAYS
    ? [
      `the trust root is ${days} days old: signatures with newer keys of Sigstore are rejected; ` +
      "update crossdock, or set CROSSDOCK_SIGSTORE_ROOT",
    ]
    : [];
  return { description, warnings };
}
