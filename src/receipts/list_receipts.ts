/** Lists the receipts of an image, and checks them by the public key of their signer. */
import * as z from "zod";
import { CandidateError } from "../admission/candidate_error.ts";
import { readCandidates } from "../admission/candidates.ts";
import type { Candidate } from "../admission/candidates.ts";
import { readClaim } from "../admission/statement.ts";
import { createVerifier, readPublicKey } from "../admission/verify.ts";
import type { PublicKey, SignedContent } from "../admission/verify.ts";
import type { CallOptions, ContentSource } from "../content.ts";
import { mapConcurrent } from "../copy/concurrent.ts";
import { listNodes, readTree } from "../copy/tree.ts";
import { CrossdockError, ParseError } from "../errors.ts";
import type { Digest } from "../oci/digest.ts";
import { safeParseJson } from "../schema.ts";
import { COPY_PREDICATE, SOURCE_MEMBER, SUMMARY_PREDICATE } from "./statement.ts";

/** A receipt that a registry has. */
export interface FoundReceipt {
  /** Where it is: `registry/repository@digest`. */
  readonly receipt: string;
  /** `unchecked` without a public key. */
  readonly state: "valid" | "rejected" | "unchecked";
  /** Why it is rejected. */
  readonly reason?: string;
  /** The repository that has the copy, by the receipt. */
  readonly name?: string;
  /** The image that was copied: `registry/repository[:tag]@digest`, or a digest if it was in a folder or file. */
  readonly source?: string;
  /** By RFC 3339. */
  readonly copiedAt?: string;
  /** The pattern of the policy that admitted the image. */
  readonly policy?: string;
  /** The signatures and attestations that were accepted, if the receipt is a verification summary. */
  readonly attestations?: readonly string[];
}

/** The receipts of one manifest. */
export interface ManifestReceipts {
  readonly digest: Digest;
  /** Whether one of them is valid. Absent without a public key. */
  readonly isProven?: boolean;
  readonly receipts: readonly FoundReceipt[];
}

export interface ListReceiptsOptions extends CallOptions {
  /** A public key in PEM. Default: receipts are listed, and not checked. */
  readonly key?: string | undefined;
  /** The repository that receipts must name. */
  readonly name: string;
  /** The repository of the receipts. Default: that of the image. */
  readonly referrerSource?: ContentSource | undefined;
  /** Idle timeout of a blob, in milliseconds. */
  readonly timeoutMs: number;
}

/** Manifests whose receipts are read in parallel. */
const CONCURRENCY = 4;

/** A signature by a key needs no trust root. */
const NO_ROOT = {
  mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
  tlogs: [],
  certificateAuthorities: [],
  ctlogs: [],
  timestampAuthorities: [],
};

/**
 * Lists the receipts of an image and of each manifest beneath it. The image is the first.
 *
 * @throws CrossdockError `limit` for too many bundles, `not_found`; ParseError for a key that cannot be used
 */
export async function listReceipts(
  digest: Digest,
  source: ContentSource,
  options: ListReceiptsOptions,
): Promise<ManifestReceipts[]> {
  const reader = new ReceiptReader(options);
  const root = await source.fetchManifest(digest, options);
  if (!root) throw new CrossdockError("not_found", `${source.name}@${digest} not found`);
  const isKnown = (): Promise<boolean> => Promise.resolve(true);
  const nodes = listNodes(await readTree(source, root, { isKnown, signal: options.signal }));
  const digests = nodes.map(({ descriptor }) => descriptor.digest).reverse();
  const { referrerSource = source, signal } = options;
  const manifests = await mapConcurrent(digests, CONCURRENCY, async (digest) => {
    const manifest = await reader.read(digest, referrerSource);
    if (manifest.receipts.length > 0 || digest === root.digest) return [manifest];
    // A sparse index lists manifests that the repository does not have.
    return await source.resolveManifest(digest, { signal }) ? [manifest] : [];
  }, signal);
  return manifests.flat();
}

class ReceiptReader {
  readonly #options: ListReceiptsOptions;
  readonly #verifier = createVerifier(NO_ROOT);
  readonly #key: PublicKey | undefined;

  constructor(options: ListReceiptsOptions) {
    this.#options = options;
    try {
      this.#key = options.key === undefined ? undefined : readPublicKey(options.key);
    } catch (error) {
      if (!(error instanceof CandidateError)) throw error;
      throw new ParseError(error.message);
    }
  }

  async read(digest: Digest, source: ContentSource): Promise<ManifestReceipts> {
    const receipts: FoundReceipt[] = [];
    for await (
      const candidate of readCandidates(digest, [source], { ...this.#options, tags: [] })
    ) {
      const receipt = this.#readCandidate(candidate, digest);
      if (receipt) receipts.push(receipt);
    }
    const isProven = receipts.some(({ state }) => state === "valid");
    return { digest, ...(this.#key ? { isProven } : {}), receipts };
  }

  /** @returns `undefined` for a bundle that is no receipt */
  #readCandidate(
    { name: receipt, bundle, error, isForeign }: Candidate,
    digest: Digest,
  ): FoundReceipt | undefined {
    const rejected = (reason: string, more = {}): FoundReceipt => ({
      receipt,
      ...more,
      state: "rejected",
      reason,
    });
    if (isForeign) return undefined;
    if (error !== undefined) return rejected(error);
    let statement: Statement | undefined;
    try {
      const content = this.#verifier.open(bundle);
      statement = readStatement(content);
      if (!statement) return undefined;
      readClaim(content, digest);
      const { name } = statement;
      if (!this.#key) return { receipt, state: "unchecked", ...statement };
      content.verifyKey(this.#key);
      if (name === this.#options.name) return { receipt, state: "valid", ...statement };
      return rejected(`it is about ${name}, expected ${this.#options.name}`, statement);
    } catch (error) {
      if (!(error instanceof CandidateError)) throw error;
      return rejected(error.message, statement);
    }
  }
}

type Statement = Omit<FoundReceipt, "receipt" | "state" | "reason">;

const resource = z.object({
  name: z.string().optional(),
  digest: z.record(z.string(), z.string()),
});
const subject = z.tuple([z.object({ name: z.string() })]);

const statementSchema = z.discriminatedUnion("predicateType", [
  z.object({
    predicateType: z.literal(COPY_PREDICATE),
    subject,
    predicate: z.object({
      source: resource,
      copiedAt: z.string(),
      policy: z.object({ images: z.string() }).optional(),
    }),
  }),
  z.object({
    predicateType: z.literal(SUMMARY_PREDICATE),
    subject,
    predicate: z.object({
      policy: z.object({ uri: z.string() }),
      inputAttestations: z.array(resource),
      [SOURCE_MEMBER]: resource.extend({ copiedAt: z.string() }),
    }),
  }),
]);

function readStatement({ payload }: SignedContent): Statement | undefined {
  const { data } = safeParseJson(new TextDecoder().decode(payload), statementSchema);
  if (!data) return undefined;
  const [{ name }] = data.subject;
  if (data.predicateType === COPY_PREDICATE) {
    const { source, copiedAt, policy } = data.predicate;
    return {
      name,
      source: formatResource(source),
      copiedAt,
      ...(policy ? { policy: policy.images } : {}),
    };
  }
  const { policy, inputAttestations, [SOURCE_MEMBER]: source } = data.predicate;
  return {
    name,
    source: formatResource(source),
    copiedAt: source.copiedAt,
    policy: decodePattern(policy.uri),
    attestations: inputAttestations.map(formatResource),
  };
}

function decodePattern(uri: string): string {
  try {
    return decodeURIComponent(uri.replace(/^urn:crossdock:admission:/, ""));
  } catch {
    return uri;
  }
}

function formatResource({ name = "", digest }: z.output<typeof resource>): string {
  const [[algorithm, hex] = []] = Object.entries(digest);
  const text = `${algorithm}:${hex}`;
  return name.endsWith(text) ? name : name === "" ? text : `${name}@${text}`;
}
