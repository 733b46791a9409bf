import assert from "node:assert/strict";
import { test } from "node:test";
import { loadTrustRoot } from "../../src/admission/trust_root.ts";
import { readClaim } from "../../src/admission/statement.ts";
import { createVerifier, readPublicKey } from "../../src/admission/verify.ts";
import { CandidateError } from "../../src/admission/candidate_error.ts";
import { parseDigest } from "../../src/oci/digest.ts";
import { KEYS, ROOT, SIGSTORE_JS } from "./fixtures.ts";
import { DIGEST, fixture, ISSUER } from "./support.ts";

const IDENTITY = "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1";

type Json = Record<string, unknown>;

/** The bundle of a fixture with one signature. */
function bundleOf(name: string): Json {
  const texts = Object.values(fixture(name).blobs).map((data) =>
    new TextDecoder().decode(Uint8Array.from(atob(data), (char) => char.charCodeAt(0)))
  );
  const text = texts.find((text) => text.includes("sigstore.bundle"));
  return JSON.parse(text ?? "");
}

/** Verifies by certificate, and by key. Returns who signed. */
function verify(bundle: Json, key: string | undefined): string {
  const content = createVerifier(ROOT).open(bundle);
  assert.deepEqual(readClaim(content, parseDigest(DIGEST)), {});
  if (key === undefined) {
    const { issuer, identity } = content.verifyKeyless();
    return `${identity} of ${issuer}`;
  }
  content.verifyKey(readPublicKey(KEYS[key] ?? ""));
  return key;
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
 * Changes that reject nothing, because they take nothing away from what is proven: copies of what the signed checkpoint states, one of
 * two proofs of inclusion, one of two times, and the certificates that a timestamp repeats from the trust root.
 */
const REDUNDANT = [
  /\.inclusionProof\.(?:treeSize|rootHash): /,
  /\.inclusionPromise: undefined$/,
  /\.timestampVerificationData: undefined$/,
  /\.rfc3161Timestamps: \[\]$/,
  /\.signedTimestamp: "MIID/,
];

for (const [name, key] of [["keyless", undefined], ["p256", "p256"], ["rsa", "rsa"]] as const) {
  test(`createVerifier() rejects a change of each field of a bundle: ${name}`, async (context) => {
    const bundle = bundleOf(name);
    assert.equal(verify(bundle, key), key ?? `${IDENTITY} of ${ISSUER}`);
    let changes = 0;
    for (const path of listPaths(bundle)) {
      const where = path.join(".");
      const value = path.reduce(
        (parent, key) => Reflect.get(parent as object, key),
        bundle as unknown,
      );
      for (const changed of change(value)) {
        const name = `${where}: ${JSON.stringify(changed)?.slice(0, 40)}`;
        if (REDUNDANT.some((pattern) => pattern.test(name))) continue;
        changes += 1;
        await context.test(name, () => {
          const mutant = replaceAt(bundle, path, changed) as Json;
          assert.throws(() => verify(mutant, key), CandidateError);
        });
      }
    }
    assert.ok(changes > 8, `${changes} changes`);
  });
}

test("createVerifier() accepts the bundles of sigstore-js, of Rekor 1 and 2, by the shipped trust root", async (context) => {
  const { json } = await loadTrustRoot();
  const verifier = createVerifier(json);
  const { V1, V3 } = SIGSTORE_JS;
  const artifact = new TextEncoder().encode("hello, world!");
  const bundles = {
    "v0.1, message": V1.MESSAGE_SIGNATURE.WITH_SIGNING_CERT,
    "v0.1, intoto": V1.DSSE.WITH_SIGNING_CERT.TLOG_INTOTO,
    "v0.1, dsse": V1.DSSE.WITH_SIGNING_CERT.TLOG_DSSE,
    "v0.3, Rekor 2, dsse": V3.DSSE.WITH_SIGNING_CERT.TLOG_DSSEV002,
    "v0.3, Rekor 2, message": V3.MESSAGE_SIGNATURE.TLOG_HASHEDREKORDV002,
  };
  for (const [name, { verificationMaterial, ...rest }] of Object.entries(bundles)) {
    // Those of v0.1 also have a timestamp of an authority that is not in the trust root.
    const { timestampVerificationData: timestamps, ...material } = verificationMaterial;
    const kept = name.includes("Rekor 2") ? { timestampVerificationData: timestamps } : {};
    const bundle = { ...rest, verificationMaterial: { ...material, ...kept } };
    await context.test(name, () => {
      const { issuer, identity } = verifier.open(bundle, artifact).verifyKeyless();
      assert.match(issuer, /^https:\/\//);
      assert.notEqual(identity, "");
    });
    if (!name.includes("message")) continue;
    await context.test(`${name}, of other bytes`, () => {
      const other = new TextEncoder().encode("hello, world?");
      assert.throws(() => verifier.open(bundle, other).verifyKeyless(), CandidateError);
    });
  }
});
