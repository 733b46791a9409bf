/** Checks images of the fixtures in a registry. */
import { createAdmission } from "../../src/admission/check.ts";
import type {
  AdmissionPolicy,
  PolicyEntry,
  Requirement,
  Requirements,
} from "../../src/admission/policy.ts";
import type { TrustRoot } from "../../src/admission/trust_root.ts";
import type { AdmissionVerdict } from "../../src/copy/admission.ts";
import { createRuntime } from "../../src/hosts/detect.ts";
import { createSyncEngine } from "../../src/sync/sync_engine.ts";
import type { SyncEngine } from "../../src/sync/sync_engine.ts";
import type { EmbeddedRegistry, RunningRegistry } from "../support/registry.ts";
import { IMAGES, KEYS, ROOT } from "./fixtures.ts";
import type { FixtureRepository } from "./fixtures.ts";

export const LOCAL_ROOT: TrustRoot = { json: ROOT, from: "test" };

export const ISSUER = "https://token.actions.githubusercontent.com";
export const WORKFLOW = "https://github.com/acme/*/.github/workflows/release.yml@refs/tags/*";

/** The digest of the image that the fixtures share. */
export const DIGEST = Object.entries(IMAGES["app"]?.tags ?? {}).find(([tag]) => tag === "1")?.[1] ??
  "";

export function fixture(name: string): FixtureRepository {
  const found = IMAGES[name];
  if (!found) throw new Error(`no fixture ${name}`);
  return found;
}

/** Puts an image with its signatures into a registry. */
export async function putFixture(
  registry: EmbeddedRegistry,
  { tags, manifests, blobs }: FixtureRepository,
  repository: string,
): Promise<void> {
  for (const data of Object.values(blobs)) {
    await registry.putBlob(repository, Uint8Array.from(atob(data), (char) => char.charCodeAt(0)));
  }
  for (const [digest, { type, text }] of Object.entries(manifests)) {
    const names = Object.entries(tags).filter(([, named]) => named === digest);
    const bytes = new TextEncoder().encode(text);
    await registry.putManifest(repository, bytes, type, names.map(([tag]) => tag));
  }
}

export function byKey(name: string, predicateType?: string): Requirement {
  const pem = KEYS[name];
  if (pem === undefined) throw new Error(`no key ${name}`);
  return { signer: { type: "key", pem }, ...(predicateType ? { predicateType } : {}) };
}

export function byIdentity(identity = WORKFLOW, issuer = ISSUER): Requirement {
  return { signer: { type: "keyless", issuer, identity } };
}

/** A policy for all images. */
export function policyOf(
  requirements: readonly Requirement[],
  rule: Partial<Requirements> = {},
): AdmissionPolicy {
  return [{ images: "**", rule: { require: "all", children: false, requirements, ...rule } }];
}

export async function createTestEngine(): Promise<SyncEngine> {
  const runtime = await createRuntime();
  return createSyncEngine({
    runtime: { ...runtime, sleep: (_: number, signal?: AbortSignal) => runtime.sleep(1, signal) },
  });
}

export interface CheckTestOptions {
  readonly policy: readonly PolicyEntry[];
  readonly repository: string;
  readonly digest?: string;
  readonly trustRoot?: TrustRoot;
  readonly now?: () => number;
}

/** Checks an image of a registry. */
export async function checkImage(
  { host }: RunningRegistry,
  { policy, repository, digest = DIGEST, trustRoot = LOCAL_ROOT, now = Date.now }: CheckTestOptions,
): Promise<AdmissionVerdict> {
  const engine = await createTestEngine();
  const image = `${host}/${repository}@${digest}`;
  return await createAdmission(policy, { trustRoot, now }).check(image, {
    source: engine.openSource(image),
    open: (name) => engine.openSource(name),
  });
}

/** The reasons of all candidates. */
export function reasonsOf({ requirements }: AdmissionVerdict): string[] {
  return requirements.flatMap(({ candidates }) => candidates.map(({ reason }) => reason));
}
