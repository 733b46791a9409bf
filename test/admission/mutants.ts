/** Bundles with a change in one field, which every host must reject. */
import { SIGSTORE_JS } from "./fixtures.ts";
import { fixture } from "./support.ts";

export type Json = Record<string, unknown>;

/** The bundle of a fixture with one signature. */
export function bundleOf(name: string): Json {
  const texts = Object.values(fixture(name).blobs).map((data) =>
    new TextDecoder().decode(Uint8Array.from(atob(data), (char) => char.charCodeAt(0)))
  );
  const text = texts.find((text) => text.includes("sigstore.bundle"));
  return JSON.parse(text ?? "");
}

/** Paths of all text, numbers and lists. */
function* listPaths(value: unknown, path: readonly string[] = []): Generator<readonly string[]> {
  if (path.length > 0) yield path;
  if (typeof value !== "object" || value === null) return;
  for (const [key, member] of Object.entries(value)) yield* listPaths(member, [...path, key]);
}

function change(value: unknown): unknown[] {
  if (Array.isArray(value)) return [[]];
  if (typeof value === "object") return [undefined];
  if (typeof value === "number") return [value + 1];
  const text = String(value);
  if (/^\d+$/.test(text)) return [`${BigInt(text) + 1n}`];
  return [0, Math.floor(text.length / 2)].map((at) => {
    const other = text[at] === "B" ? "C" : "B";
    return text.slice(0, at) + other + text.slice(at + 1);
  });
}

/** A copy with another value at a path. */
function replaceAt(value: unknown, [key = "", ...rest]: readonly string[], by: unknown): unknown {
  const copy: Json = Array.isArray(value) ? [...value] as unknown as Json : { ...value as Json };
  const next = rest.length === 0 ? by : replaceAt(copy[key], rest, by);
  if (next === undefined) delete copy[key];
  else copy[key] = next;
  return copy;
}

/**
 * Changes that reject nothing, because they take nothing away from what is proven: one of two proofs of inclusion, one of two
 * times, and the certificates that a timestamp repeats from the trust root.
 */
const REDUNDANT = [
  /\.inclusionPromise: undefined$/,
  /\.timestampVerificationData: undefined$/,
  /\.rfc3161Timestamps: \[\]$/,
  /\.signedTimestamp: "MIID/,
  // No signature covers the name of a key, and for Rekor 2 the index and the time of an entry outside of its proof.
  /\.keyid: /,
  /\.tlogEntries\.0\.(?:logIndex: "54\d{4}"|integratedTime: "1"|inclusionPromise: undefined)$/,
];

const { V1, V3 } = SIGSTORE_JS;

/** What the bundles of sigstore-js sign, unless it is a statement. */
export const ARTIFACT = "hello, world!";

/** The bundles of sigstore-js by the public instance, of Rekor 1 and 2. */
export const PUBLIC: readonly (readonly [name: string, bundle: Json])[] = [
  ["v0.1, message", withoutTimestamps(V1.MESSAGE_SIGNATURE.WITH_SIGNING_CERT)],
  ["v0.1, intoto", withoutTimestamps(V1.DSSE.WITH_SIGNING_CERT.TLOG_INTOTO)],
  ["v0.1, dsse", withoutTimestamps(V1.DSSE.WITH_SIGNING_CERT.TLOG_DSSE)],
  ["v0.3, Rekor 2, dsse", V3.DSSE.WITH_SIGNING_CERT.TLOG_DSSEV002],
  ["v0.3, Rekor 2, message", V3.MESSAGE_SIGNATURE.TLOG_HASHEDREKORDV002],
];

/** Those of v0.1 also have a timestamp of an authority that is not in the trust root. */
function withoutTimestamps(bundle: { readonly verificationMaterial: Json }): Json {
  const { timestampVerificationData: _, ...material } = bundle.verificationMaterial;
  return { ...bundle, verificationMaterial: material };
}

/** A changed bundle. */
export interface Mutant {
  /** The path of the field, and its new value. */
  readonly name: string;
  readonly bundle: Json;
}

/** The signed bundles that are changed, by the fixture's name, with the name of their key. */
export const SIGNED: readonly (readonly [name: string, key: string | undefined])[] = [
  ["keyless", undefined],
  ["p256", "p256"],
  ["rsa", "rsa"],
];

/** All changes of a bundle that must be rejected. */
export function listMutants(bundle: Json): Mutant[] {
  return [...listPaths(bundle)].flatMap((path) => {
    const where = path.join(".");
    const value = path.reduce(
      (parent, key) => Reflect.get(parent as object, key),
      bundle as unknown,
    );
    return change(value).flatMap((changed) => {
      const name = `${where}: ${JSON.stringify(changed)?.slice(0, 40)}`;
      if (REDUNDANT.some((pattern) => pattern.test(name))) return [];
      return [{ name, bundle: replaceAt(bundle, path, changed) as Json }];
    });
  });
}
