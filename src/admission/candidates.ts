/**
 * Reads the signatures and attestations of a manifest from a registry: bundles that are attached as referrers, and the tags of
 * cosign 1 and 2. Reads only as many as the caller takes.
 */
import { withBudget } from "../byte_budget.ts";
import type { CallOptions, ContentSource, ManifestContent } from "../content.ts";
import { fetchSmallBlob } from "../copy/read_small_blob.ts";
import { CrossdockError } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { digestTag, parseManifest } from "../oci/manifest.ts";
import { quote } from "../oci/quote.ts";
import { kindOfReferrer } from "../oci/referrer_kind.ts";
import { CandidateError } from "./candidate_error.ts";

/** A signature or attestation that is not verified yet. */
export interface Candidate {
  /** Where it was found. */
  readonly name: string;
  /** A bundle of Sigstore as parsed JSON. */
  readonly bundle?: unknown;
  /** The signed bytes, if the bundle does not contain them. */
  readonly artifact?: Uint8Array;
  /** Why it cannot be read. */
  readonly error?: string;
  /** Whether it is a signature of another kind, such as Notation's, and no bundle of Sigstore. Default: no. */
  readonly isForeign?: true;
}

export interface ReadCandidatesOptions extends CallOptions {
  /** Whether to read the tag of signatures, and that of attestations. */
  readonly tags: readonly ("sig" | "att")[];
  /** Idle timeout of a blob. */
  readonly timeoutMs: number;
}

/** Bundles attached to one manifest. An image that is signed at each build of a year stays below that. */
const MAX_REFERRERS = 64;

/** Blobs that are read for one manifest. */
const MAX_BLOBS = 512;

/** Bytes of one blob. A provenance has some 10 KiB, an SBOM up to a few MiB. */
const MAX_BLOB_BYTES = 4 * 1024 * 1024;

const BUNDLE = /^application\/vnd\.dev\.sigstore\.bundle\b/;
/** Referrers without a type of their own, which may be bundles. */
const UNTYPED = /^(?:application\/vnd\.oci\.empty\.v1\+json)?$/;
const SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json";
const DSSE = "application/vnd.dsse.envelope.v1+json";

/** The annotations of cosign 1 and 2. https://github.com/sigstore/cosign/blob/v2.6.1/specs/SIGNATURE_SPEC.md */
const SIGNATURE = "dev.cosignproject.cosign/signature";
const CERTIFICATE = "dev.sigstore.cosign/certificate";
const LOG_ENTRY = "dev.sigstore.cosign/bundle";
const TIMESTAMP = "dev.sigstore.cosign/rfc3161timestamp";

/**
 * Reads the candidates of a manifest from several repositories. A candidate that cannot be read is one with an `error`.
 *
 * @throws CrossdockError `limit` above a bound, `rate_limited`; the signal's reason after an abort
 */
export async function* readCandidates(
  digest: Digest,
  sources: readonly ContentSource[],
  options: ReadCandidatesOptions,
): AsyncGenerator<Candidate> {
  const reader = new CandidateReader(options);
  for (const source of sources) yield* reader.readReferrers(digest, source);
  for (const source of sources) {
    for (const suffix of options.tags) yield* reader.readTag(digestTag(digest, suffix), source);
  }
}

class CandidateReader {
  readonly #options: ReadCandidatesOptions;
  #blobs = 0;

  constructor(options: ReadCandidatesOptions) {
    this.#options = options;
  }

  async *readReferrers(subject: Digest, source: ContentSource): AsyncGenerator<Candidate> {
    const { signal } = this.#options;
    const listed = await this.#try(
      `referrers of ${source.name}@${subject}`,
      () => source.listReferrers(subject, { signal }),
    );
    if ("error" in listed) return yield listed;
    const mayBeBundle = ({ artifactType = "" }: Descriptor): boolean =>
      BUNDLE.test(artifactType) || UNTYPED.test(artifactType);
    const bundles = listed.value.filter(mayBeBundle);
    if (bundles.length > MAX_REFERRERS) {
      throw tooMany(`${source.name}@${subject} has ${bundles.length} bundles`, MAX_REFERRERS);
    }
    for (const descriptor of bundles) {
      const name = `${source.name}@${descriptor.digest}`;
      const read = await this.#try(name, () => this.#readBundle(descriptor, source));
      if ("error" in read) yield read;
      else if (read.value !== undefined) yield { name, bundle: read.value };
    }
    const others = listed.value.filter((one) =>
      !mayBeBundle(one) && kindOfReferrer(one) === "signature"
    );
    for (const { digest, artifactType = "" } of others.slice(0, MAX_REFERRERS)) {
      const error = `unknown format ${quote(artifactType)}`;
      yield { name: `${source.name}@${digest}`, error, isForeign: true };
    }
  }

  /** @returns `undefined` if the referrer is no bundle */
  async #readBundle(descriptor: Descriptor, source: ContentSource): Promise<unknown> {
    const { artifactType = "" } = descriptor;
    const manifest = await this.#readManifest(descriptor.digest, source);
    const layers = manifest?.kind === "image" ? manifest.layers : [];
    const bundle = layers.find(({ mediaType }) => BUNDLE.test(mediaType));
    if (bundle) return parseJson(await this.#readBlob(bundle, source));
    if (!BUNDLE.test(artifactType)) return undefined;
    throw new CandidateError(manifest ? "it contains no bundle" : "it does not exist");
  }

  async *readTag(tag: string | undefined, source: ContentSource): AsyncGenerator<Candidate> {
    if (tag === undefined) return;
    const name = `${source.name}:${tag}`;
    const read = await this.#try(name, () => this.#readManifest(tag, source));
    if ("error" in read) return yield read;
    if (read.value?.kind !== "image") return;
    const layers = read.value.layers.filter(({ mediaType }) =>
      mediaType === SIMPLE_SIGNING || mediaType === DSSE
    );
    // Before the first is read, so that the verdict does not depend on their order.
    if (this.#blobs + layers.length > MAX_BLOBS) {
      throw tooMany(`${name} has ${layers.length} signatures`, MAX_BLOBS);
    }
    for (const layer of layers) {
      const candidate = await this.#try(`${name}, layer ${layer.digest}`, async () => {
        const bytes = await this.#readBlob(layer, source);
        return layer.mediaType === DSSE ? ofEnvelope(layer, bytes) : await ofPayload(layer, bytes);
      });
      yield "error" in candidate
        ? candidate
        : { name: `${name}, layer ${layer.digest}`, ...candidate.value };
    }
  }

  async #readManifest(
    name: string,
    source: ContentSource,
  ): Promise<ReturnType<typeof parseManifest> | undefined> {
    const { signal } = this.#options;
    const content: ManifestContent | undefined = await source.fetchManifest(name, { signal });
    return content && parseManifest(content.bytes, content.mediaType);
  }

  async #readBlob(descriptor: Descriptor, source: ContentSource): Promise<Uint8Array> {
    const { signal, timeoutMs } = this.#options;
    if (++this.#blobs > MAX_BLOBS) throw tooMany("there are more signatures", MAX_BLOBS);
    if (descriptor.size > MAX_BLOB_BYTES) {
      throw new CandidateError(
        `it has ${descriptor.size} bytes, expected at most ${MAX_BLOB_BYTES}`,
      );
    }
    return await withBudget(`read ${descriptor.digest}`, { side: "source" }, async (budget) => {
      budget.takeText(descriptor.size);
      return await fetchSmallBlob(source, descriptor, { timeoutMs, signal });
    });
  }

  /** Content that cannot be read is a candidate that is rejected, so that the verdict has the reason. */
  async #try<Value>(
    name: string,
    read: () => Promise<Value>,
  ): Promise<{ readonly value: Value } | { readonly name: string; readonly error: string }> {
    try {
      return { value: await read() };
    } catch (error) {
      this.#options.signal?.throwIfAborted();
      if (error instanceof CrossdockError && isFinal(error)) throw error;
      if (!(error instanceof CrossdockError || error instanceof CandidateError)) throw error;
      return { name, error: error.message };
    }
  }
}

/** Whether an error is about the whole image: above a bound, it is rejected, whatever the other signatures are. */
function isFinal({ code }: CrossdockError): boolean {
  return code === "limit" || code === "rate_limited";
}

function tooMany(what: string, limit: number): CrossdockError {
  return new CrossdockError("limit", `${what}, expected at most ${limit}`, { side: "source" });
}

/** Makes a bundle of a signature by cosign 1 and 2, whose parts are annotations. */
async function ofPayload(
  { annotations = {} }: Descriptor,
  payload: Uint8Array<ArrayBuffer> | Uint8Array,
): Promise<Pick<Candidate, "bundle" | "artifact">> {
  const signature = annotations[SIGNATURE];
  if (!signature) throw new CandidateError("it has no annotation with a signature");
  const hash = await crypto.subtle.digest("SHA-256", payload as Uint8Array<ArrayBuffer>);
  const digest = toBase64(new Uint8Array(hash));
  const messageSignature = { messageDigest: { algorithm: "SHA2_256", digest }, signature };
  return { bundle: { ...toMaterial(annotations), messageSignature }, artifact: payload };
}

/** Makes a bundle of an attestation by cosign 1 and 2. */
function ofEnvelope(
  { annotations = {} }: Descriptor,
  envelope: Uint8Array,
): Pick<Candidate, "bundle"> {
  return { bundle: { ...toMaterial(annotations), dsseEnvelope: parseJson(envelope) } };
}

function toMaterial(annotations: Readonly<Record<string, string>>): Record<string, unknown> {
  const { [CERTIFICATE]: certificate, [LOG_ENTRY]: entry, [TIMESTAMP]: timestamp } = annotations;
  return {
    mediaType: "application/vnd.dev.sigstore.bundle+json;version=0.1",
    verificationMaterial: {
      ...(certificate === undefined
        ? { publicKey: { hint: "" } }
        : { x509CertificateChain: { certificates: [{ rawBytes: toDer(certificate) }] } }),
      tlogEntries: entry === undefined ? [] : [toLogEntry(parseText(entry))],
      ...(timestamp === undefined ? {} : {
        timestampVerificationData: {
          rfc3161Timestamps: [
            { signedTimestamp: String(parseText(timestamp)["SignedRFC3161Timestamp"]) },
          ],
        },
      }),
    },
  };
}

/** The entry has no proof of inclusion, but the promise of the log, which is signed. */
function toLogEntry({ SignedEntryTimestamp: promise, Payload: payload }: Json): Json {
  const { body, integratedTime, logIndex, logID } = (payload ?? {}) as Json;
  const { kind, apiVersion } = parseText(decodeBase64(String(body)));
  return {
    logIndex: String(logIndex),
    logId: { keyId: toBase64(fromHex(String(logID))) },
    kindVersion: { kind: String(kind), version: String(apiVersion) },
    integratedTime: String(integratedTime),
    inclusionPromise: { signedEntryTimestamp: String(promise) },
    canonicalizedBody: String(body),
  };
}

type Json = Record<string, unknown>;

function parseJson(bytes: Uint8Array): Json {
  return parseText(new TextDecoder().decode(bytes));
}

function parseText(text: string): Json {
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === "object" && json !== null) return json as Json;
  } catch (cause) {
    throw new CandidateError("it is not JSON", { cause });
  }
  throw new CandidateError("it is not an object of JSON");
}

function decodeBase64(text: string): string {
  try {
    return atob(text);
  } catch (cause) {
    throw new CandidateError("it has text that is not base64", { cause });
  }
}

function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

/** The ID of a log is the SHA-256 of its key. */
function fromHex(text: string): Uint8Array {
  if (!/^[0-9a-f]{64}$/.test(text)) throw new CandidateError("its log entry names no log");
  return Uint8Array.from(text.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
}

/** The base64 between the lines of the first certificate in PEM. */
function toDer(pem: string): string {
  const text = /-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----/.exec(pem)?.[1];
  if (text === undefined) throw new CandidateError("its certificate is not PEM");
  return text.replaceAll(/\s/g, "");
}
