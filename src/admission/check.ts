/** Checks images against a policy. Fails closed: an error of any kind rejects the image. */
import type {
  AdmissionCandidate,
  AdmissionCheck,
  AdmissionContext,
  AdmissionRequirement,
  AdmissionVerdict,
  ManifestVerdict,
} from "../copy/admission.ts";
import type { ContentSource } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { manifestChildren, parseManifest } from "../oci/manifest.ts";
import { isIndexMediaType } from "../oci/media_types.ts";
import { parseReference } from "../oci/reference.ts";
import { readCandidates } from "./candidates.ts";
import type { Candidate } from "./candidates.ts";
import { CandidateError } from "./candidate_error.ts";
import { compileGlob } from "./glob.ts";
import { chooseEntry, describeRequirement, policyName } from "./policy.ts";
import type { AdmissionPolicy, Requirement, Requirements, Signer } from "./policy.ts";
import { readClaim } from "./statement.ts";
import { describeTrustRoot } from "./trust_root.ts";
import type { TrustRoot } from "./trust_root.ts";
import type { PublicKey, SignatureVerifier } from "./verify.ts";

export interface AdmissionOptions {
  readonly trustRoot: TrustRoot;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Idle timeout of a blob, in milliseconds. Default: 60 000. */
  readonly timeoutMs?: number | undefined;
}

/** Manifests of an index that are checked. The largest known images have some 20 platforms. */
const MAX_CHILDREN = 64;

/** Admitted images that are remembered: a digest that was admitted stays so while the policy is the same. */
const MAX_ADMITTED = 1000;

/** Creates the check of a policy. The code that verifies signatures is loaded at the first image that needs it. */
export function createAdmission(
  policy: AdmissionPolicy,
  options: AdmissionOptions,
): AdmissionCheck {
  const admitted = new Map<string, AdmissionVerdict>();
  let loading: Promise<Verifying> | undefined;
  const load = (): Promise<Verifying> => loading ??= loadVerifier(options.trustRoot);

  return {
    async check(image, context): Promise<AdmissionVerdict> {
      const key = [image, context.source.name, context.referrerSource?.name].join(" ");
      const known = admitted.get(key);
      if (known) return known;
      const verdict = await checkImage(image, { policy, context, load, ...options });
      if (verdict.result === "admitted") {
        for (const oldest of admitted.keys()) {
          if (admitted.size < MAX_ADMITTED) break;
          admitted.delete(oldest);
        }
        admitted.set(key, verdict);
      }
      return verdict;
    },
  };
}

interface Verifying {
  readonly verifier: SignatureVerifier;
  readonly readPublicKey: (pem: string) => PublicKey;
}

async function loadVerifier({ json }: TrustRoot): Promise<Verifying> {
  const { createVerifier, readPublicKey } = await import("./verify.ts");
  return { verifier: createVerifier(json), readPublicKey };
}

interface CheckOptions extends AdmissionOptions {
  readonly policy: AdmissionPolicy;
  readonly context: AdmissionContext;
  readonly load: () => Promise<Verifying>;
}

async function checkImage(image: string, options: CheckOptions): Promise<AdmissionVerdict> {
  const reference = parseReference(image);
  const { digest } = reference;
  if (!digest) throw new TypeError(`check ${image}: expected a digest`);
  const choice = chooseEntry(options.policy, policyName(reference));
  const base = { image, digest, requirements: [], warnings: [] };
  if (!choice) {
    return { ...base, result: "rejected", reason: "no entry of the policy matches its name" };
  }
  const { entry: { images, rule }, overridden, rival } = choice;
  const matched = { ...base, images, ...(overridden.length > 0 ? { overridden } : {}) };
  if (rival !== undefined) {
    const reason = `two patterns of the policy match and are equally specific: ${images}, ${rival}`;
    return { ...matched, result: "rejected", reason };
  }
  if (rule === "accept" || rule === "reject") {
    const result = rule === "accept" ? "admitted" : "rejected";
    return { ...matched, result, reason: `the policy has default: ${rule} for ${images}` };
  }
  const { description, warnings } = describeTrustRoot(options.trustRoot, options.now());
  const about = { ...matched, trustRoot: description, warnings };
  const root = await checkManifest(digest, rule, options);
  if (root.result === "rejected" || !rule.children) return { ...about, ...root };
  const children = await checkChildren(digest, rule, options);
  const bad = children.find(({ result }) => result === "rejected");
  return {
    ...about,
    ...root,
    ...(bad ? { result: "rejected", reason: `manifest ${bad.digest}: ${bad.reason}` } : {}),
    children,
  };
}

/** Checks the manifests of an index and of its nested indexes. */
async function checkChildren(
  digest: Digest,
  rule: Requirements,
  options: CheckOptions,
): Promise<ManifestVerdict[]> {
  try {
    const verdicts: ManifestVerdict[] = [];
    const children = new Set<Digest>();
    await addChildren(children, digest, options.context);
    for (const child of children) verdicts.push(await checkManifest(child, rule, options));
    return verdicts;
  } catch (error) {
    const reason = toReason(error, options.context.signal);
    return [{ digest, result: "rejected", reason, requirements: [] }];
  }
}

/** Adds the manifests of an index, each before those below it. Attestations that BuildKit adds are not images. */
async function addChildren(
  found: Set<Digest>,
  digest: Digest,
  { source, signal }: Pick<AdmissionContext, "source" | "signal">,
): Promise<void> {
  const content = await source.fetchManifest(digest, { signal });
  if (!content) throw new CandidateError("the index does not exist");
  const index = parseManifest(content.bytes, content.mediaType);
  const entries = index.kind === "index" ? index.manifests : [];
  const images = new Set(entries.filter(isImage).map(({ digest }) => digest));
  for (const child of manifestChildren(index)) {
    if (!images.has(child.digest) || found.has(child.digest)) continue;
    found.add(child.digest);
    if (found.size > MAX_CHILDREN) {
      throw new CandidateError(`the index has more than ${MAX_CHILDREN} manifests`);
    }
    if (isIndexMediaType(child.mediaType)) {
      await addChildren(found, child.digest, { source, signal });
    }
  }
}

/** Whether an entry of an index may be an image. Attestations of BuildKit have a platform that no runtime chooses. */
function isImage({ annotations = {}, platform }: Descriptor): boolean {
  return annotations["vnd.docker.reference.type"] !== "attestation-manifest" ||
    platform?.os !== "unknown" || platform.architecture !== "unknown";
}

async function checkManifest(
  digest: Digest,
  rule: Requirements,
  { context, load, timeoutMs = 60_000 }: CheckOptions,
): Promise<ManifestVerdict> {
  const { source, referrerSource, moreReferrers, open, signal } = context;
  const checks: Check[] = [];
  try {
    const verifying = await load();
    checks.push(...rule.requirements.map((requirement) => new Check(requirement, verifying)));
    const sources: ContentSource[] = rule.from === undefined
      ? [source, referrerSource, moreReferrers].filter((one) => one !== undefined)
      : [open(rule.from)];
    const hasAttestations = rule.requirements.some(({ predicateType }) => predicateType);
    const hasSignatures = rule.requirements.some(({ predicateType }) => !predicateType);
    const tags = [
      ...(hasSignatures ? ["sig" as const] : []),
      ...(hasAttestations ? ["att" as const] : []),
    ];
    for await (const candidate of readCandidates(digest, sources, { tags, timeoutMs, signal })) {
      for (const check of checks) check.add(candidate, digest);
      if (isDone(checks, rule)) break;
    }
  } catch (error) {
    const requirements = checks.map((check) => check.report());
    return { digest, result: "rejected", reason: toReason(error, signal), requirements };
  }
  const requirements = checks.map((check) => check.report());
  const met = requirements.filter(({ met }) => met).length;
  const total = requirements.length;
  const expected = rule.require === "any" ? "at least 1" : "all";
  const sum = `${met} of ${total} requirements are met, ${expected} must be`;
  if (isDone(checks, rule)) {
    const reason = total === 1 ? "it has the required signature" : sum;
    return { digest, result: "admitted", reason, requirements };
  }
  const unmet = requirements.filter(({ met }) => !met);
  const whys = unmet.map(explainUnmet);
  const isSame = met === 0 && new Set(whys).size === 1;
  const why = isSame
    ? whys[0] ?? ""
    : unmet.map(({ requirement }, i) => `${requirement}: ${whys[i]}`).join("; ");
  const reason = total === 1 ? why : `${sum}: ${why}`;
  return { digest, result: "rejected", reason, requirements };
}

/** Different reasons that one sentence names. */
const MAX_REASONS = 3;

function explainUnmet({ candidates }: AdmissionRequirement): string {
  const [first, ...others] = candidates;
  if (!first) return "no signature was found";
  if (others.length === 0) return `${first.name}: ${first.reason}`;
  const reasons = [...new Set(candidates.map(({ reason }) => reason))];
  const named = [...reasons.slice(0, MAX_REASONS), ...(reasons.length > MAX_REASONS ? ["…"] : [])];
  return `none of ${candidates.length} candidates is accepted: ${named.join(", ")}`;
}

function isDone(checks: readonly Check[], { require }: Requirements): boolean {
  if (checks.length === 0) return false;
  return require === "any" ? checks.some(({ met }) => met) : checks.every(({ met }) => met);
}

/** One requirement, and the candidates that were compared with it. */
class Check {
  met = false;
  readonly #requirement: Requirement;
  readonly #verifier: SignatureVerifier;
  readonly #key: PublicKey | undefined;
  readonly #candidates: AdmissionCandidate[] = [];

  /** @throws CandidateError for a key that cannot be used */
  constructor(requirement: Requirement, { verifier, readPublicKey }: Verifying) {
    this.#requirement = requirement;
    this.#verifier = verifier;
    const { signer } = requirement;
    this.#key = signer.type === "key" ? readPublicKey(signer.pem) : undefined;
  }

  add(candidate: Candidate, digest: Digest): void {
    if (this.met) return;
    const { name } = candidate;
    try {
      const signer = this.#verify(candidate, digest);
      this.met = true;
      this.#candidates.push({ name, accepted: true, reason: `signed by ${signer}` });
    } catch (error) {
      if (!(error instanceof CandidateError)) throw error;
      this.#candidates.push({ name, accepted: false, reason: error.message });
    }
  }

  report(): AdmissionRequirement {
    const requirement = describeRequirement(this.#requirement, this.#keyName());
    return { requirement, met: this.met, candidates: this.#candidates };
  }

  #keyName(): string {
    const bytes = [...this.#key?.fingerprint ?? []].slice(0, 8);
    return `key ${bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  }

  /** @returns the signer in words */
  #verify({ bundle, artifact, error }: Candidate, digest: Digest): string {
    if (error !== undefined) throw new CandidateError(error);
    const content = this.#verifier.open(bundle, artifact);
    const { predicateType } = readClaim(content, digest);
    const { predicateType: wanted, signer } = this.#requirement;
    if (predicateType !== wanted) {
      const what = predicateType === undefined ? "a signature" : `attestation ${predicateType}`;
      const expected = wanted === undefined ? "a signature" : `attestation ${wanted}`;
      throw new CandidateError(`it is ${what}, expected ${expected}`);
    }
    if (this.#key) {
      content.verifyKey(this.#key);
      return this.#keyName();
    }
    return matchIdentity(content.verifyKeyless(), signer);
  }
}

function matchIdentity(found: { issuer: string; identity: string }, signer: Signer): string {
  const { issuer, identity } = found;
  const name = `${identity} of ${issuer}`;
  if (signer.type !== "keyless") throw new CandidateError(`it is signed by ${name}`);
  if (!compileGlob(signer.issuer).test(issuer) || !compileGlob(signer.identity).test(identity)) {
    throw new CandidateError(
      `it is signed by ${name}, expected ${signer.identity} of ${signer.issuer}`,
    );
  }
  return name;
}

/** @throws the error of a rate limit, and the signal's reason after an abort */
function toReason(error: unknown, signal: AbortSignal | undefined): string {
  signal?.throwIfAborted();
  if (error instanceof CrossdockError && error.code === "rate_limited") throw error;
  if (error instanceof CrossdockError || error instanceof CandidateError) return error.message;
  return `the check failed: ${(error as Error).message}`;
}
