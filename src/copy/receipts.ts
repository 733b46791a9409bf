/** Receipts: signed statements that the destination has a copy of a manifest. `receipts/` makes and signs them. */
import type { CallOptions, ContentSource, ManifestContent } from "../content.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import type { AdmissionVerdict } from "./admission.ts";
import type { Plan } from "./model.ts";
import type { ReceiptPolicy, ReceiptStep } from "./step.ts";

/** Makes and finds the receipts of one signer. */
export interface Receipts {
  /** Checks that the key can be used, so that a copy with a wrong one writes nothing. */
  check(options: CallOptions): Promise<void>;
  /** The name of a repository in receipts: the one that clients pull by. */
  nameOf(repository: string): string;
  /** Whether a repository lists a receipt of this signer about a manifest under a name. */
  has(
    repository: ContentSource,
    receipt: { readonly subject: Digest; readonly name: string },
    options: CallOptions,
  ): Promise<boolean>;
  /**
   * Makes the receipt of a step.
   *
   * @param now milliseconds since the epoch
   */
  sign(step: ReceiptStep, now: number, options: CallOptions): Promise<SignedReceipt>;
}

/** An artifact with a signed receipt: its manifest, and the blobs that this needs. */
export interface SignedReceipt {
  readonly manifest: ManifestContent;
  /** The manifest as a list of referrers has it. */
  readonly descriptor: Descriptor;
  readonly blobs: readonly Uint8Array<ArrayBuffer>[];
}

/** Adds the verdict about the source to the receipts of a plan. */
export function addPolicy(plan: Plan, verdict: AdmissionVerdict, now: number): Plan {
  const policy: ReceiptPolicy = {
    images: verdict.images ?? "",
    checkedAt: new Date(now).toISOString(),
    attestations: listAttestations(verdict),
  };
  const stages = plan.stages.map(({ name, steps }) => ({
    name,
    steps: steps.map((step) => step.type === "receipt" ? { ...step, policy } : step),
  }));
  return { ...plan, stages };
}

/** The signatures and attestations that were accepted, each once. */
function listAttestations(
  { requirements, children = [] }: AdmissionVerdict,
): ReceiptPolicy["attestations"] {
  const accepted = [requirements, ...children.map(({ requirements }) => requirements)].flat()
    .flatMap(({ candidates }) => candidates.filter(({ accepted }) => accepted));
  return [...new Set(accepted.map(({ name }) => name))];
}
