/**
 * Makes and finds receipts. A receipt is a bundle of Sigstore with a signed in-toto statement, attached to the manifest that it is about:
 * https://github.com/sigstore/cosign/blob/v3.0.2/specs/BUNDLE_SPEC.md
 */
import * as z from "zod";
import type { AwsOptions } from "../auth/aws_api.ts";
import type { CallOptions } from "../content.ts";
import type { Receipts, SignedReceipt } from "../copy/receipts.ts";
import type { ReceiptStep } from "../copy/step.ts";
import { CrossdockError } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { digestBytes } from "../oci/digest.ts";
import type { Digest } from "../oci/digest.ts";
import { OCI_EMPTY, OCI_MANIFEST } from "../oci/media_types.ts";
import { safeParseJson } from "../schema.ts";
import type { ReceiptSettings, ReceiptSigner } from "./key.ts";
import { isSignature, openSigner } from "./signer.ts";
import { makeStatement } from "./statement.ts";

const BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json";
const IN_TOTO = "application/vnd.in-toto+json";

/**
 * An annotation of a receipt: the signature of its subject and name. It finds the receipts of a signer without reading their bundles,
 * and nobody else can make it.
 */
const PROOF = "crossdock.receipt.proof";

const annotatedSchema = z.object({ annotations: z.record(z.string(), z.string()) });

/** Receipts whose proof is verified, and bundles without annotations that are read. A second receipt costs less than more of them. */
const MAX_CHECKED = 64;

const EMPTY = encode("{}");

/**
 * Opens the receipts of a key.
 *
 * @param aws the access key for a key in KMS; absent if there is none
 * @throws ParseError if a key in KMS has no access key
 */
export function openReceipts(
  { key, names }: ReceiptSettings,
  aws: AwsOptions | undefined,
): Receipts {
  const signer = openSigner(key, aws);
  return {
    async check(options): Promise<void> {
      try {
        await signer.publicKey(options);
      } catch (error) {
        // The step that signs calls KMS again.
        if (!(error instanceof CrossdockError && error.isTemporary)) throw error;
      }
    },
    nameOf(repository): string {
      const slash = repository.indexOf("/");
      const name = names.get(repository.slice(0, slash));
      return name === undefined ? repository : name + repository.slice(slash);
    },
    async has(repository, { subject, name }, options): Promise<boolean> {
      const proven = toProven(subject, name);
      const isOwn = async (annotations: Descriptor["annotations"]): Promise<boolean> => {
        const proof = annotations?.[PROOF];
        return proof !== undefined &&
          await isSignature(proof, proven, await signer.publicKey(options));
      };
      const listed = await repository.listReferrers(subject, options);
      const receipts = listed.filter(({ annotations }) => annotations?.[PROOF] !== undefined);
      for (const { annotations } of receipts.slice(0, MAX_CHECKED)) {
        if (await isOwn(annotations)) return true;
      }
      // Some registries leave annotations out of lists, but every bundle has some.
      for (const { digest } of listed.filter(isBareBundle).slice(0, MAX_CHECKED)) {
        const content = await repository.fetchManifest(digest, options);
        const text = new TextDecoder().decode(content?.bytes);
        if (await isOwn(safeParseJson(text, annotatedSchema).data?.annotations)) return true;
      }
      return false;
    },
    sign: (step, now, options) => signReceipt(signer, step, now, options),
  };
}

function isBareBundle({ artifactType = BUNDLE, annotations = {} }: Descriptor): boolean {
  return [BUNDLE, OCI_EMPTY].includes(artifactType) && Object.keys(annotations).length === 0;
}

/** The name of a key in bundles: the hash of the public key. */
async function keyHint(signer: ReceiptSigner, options: CallOptions): Promise<string> {
  // The cast: a public key is never in shared memory.
  const key = await signer.publicKey(options) as Uint8Array<ArrayBuffer>;
  return toBase64(new Uint8Array(await crypto.subtle.digest("SHA-256", key)));
}

async function signReceipt(
  signer: ReceiptSigner,
  step: ReceiptStep,
  now: number,
  options: CallOptions,
): Promise<SignedReceipt> {
  const { mediaType, digest, size } = step.descriptor;
  const statement = makeStatement(step, now);
  const payload = encode(JSON.stringify(statement));
  const hint = await keyHint(signer, options);
  const signature = await signer.sign(toSignedBytes(payload), options);
  const bundle = encode(JSON.stringify({
    mediaType: BUNDLE,
    verificationMaterial: { publicKey: { hint } },
    dsseEnvelope: {
      payload: toBase64(payload),
      payloadType: IN_TOTO,
      signatures: [{ sig: toBase64(signature) }],
    },
  }));
  const annotations = {
    "dev.sigstore.bundle.content": "dsse-envelope",
    "dev.sigstore.bundle.predicateType": statement.predicateType,
    "org.opencontainers.image.created": new Date(now).toISOString(),
    [PROOF]: toBase64(await signer.sign(toProven(digest, step.name), options)),
  };
  const bytes = encode(JSON.stringify({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType: BUNDLE,
    config: await describe(OCI_EMPTY, EMPTY),
    layers: [await describe(BUNDLE, bundle)],
    subject: { mediaType, digest, size },
    annotations,
  }));
  const descriptor = { ...await describe(OCI_MANIFEST, bytes), artifactType: BUNDLE, annotations };
  const manifest = { bytes, mediaType: OCI_MANIFEST, digest: descriptor.digest };
  return { manifest, descriptor, blobs: [EMPTY, bundle] };
}

/** What the proof signs. No payload of DSSE begins like this. */
function toProven(subject: Digest, name: string): Uint8Array<ArrayBuffer> {
  return encode(`crossdock receipt\n${subject}\n${name}\n`);
}

/** What DSSE signs: https://github.com/secure-systems-lab/dsse/blob/v1.0.0/protocol.md */
function toSignedBytes(payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const header = encode(`DSSEv1 ${IN_TOTO.length} ${IN_TOTO} ${payload.byteLength} `);
  return Uint8Array.from([...header, ...payload]);
}

async function describe(mediaType: string, bytes: Uint8Array<ArrayBuffer>): Promise<Descriptor> {
  return { mediaType, digest: await digestBytes(bytes), size: bytes.byteLength };
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  // The cast: the types of Workers do not exclude shared memory.
  return new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;
}

function toBase64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}
