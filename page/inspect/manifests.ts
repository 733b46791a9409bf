/** The manifests of an image as lists, and names for them. */
import type { ManifestNode } from "../../src/copy/model.ts";

/** All manifests below a node, and the node itself, in the order of the indexes. */
export function listManifests(root: ManifestNode): ManifestNode[] {
  return [root, ...root.manifests.flatMap(listManifests)];
}

/** Nothing limits the platform of a config. */
const MAX_NAME_CHARS = 100;

const REFERENCE_TYPE = "vnd.docker.reference.type";
const REFERENCE_DIGEST = "vnd.docker.reference.digest";

/** `linux/amd64`, `attestation of linux/amd64`, or what else tells a manifest from its siblings. */
export function nameManifest(node: ManifestNode, all: readonly ManifestNode[]): string {
  const { annotations = {}, digest } = node.descriptor;
  if (isAttestation(node)) {
    const about = all.find(({ descriptor }) => descriptor.digest === annotations[REFERENCE_DIGEST]);
    return about?.platform ? `attestation of ${about.platform}` : "attestation";
  }
  if (node.platform && node.platform !== "unknown/unknown") {
    return node.platform.slice(0, MAX_NAME_CHARS);
  }
  return (node.artifactType ?? `${node.kind} ${digest.slice(-6)}`).slice(0, MAX_NAME_CHARS);
}

/** Attestations of BuildKit and Docker are entries of an index, in the shape of images. */
export function isAttestation({ descriptor }: ManifestNode): boolean {
  return descriptor.annotations?.[REFERENCE_TYPE] === "attestation-manifest";
}

/** `sha256-0123456789ab….sig`: the digest of a tag that is made from one is shown elsewhere. */
export function shortTag(tag: string): string {
  return tag.replace(/^(sha\d+-.{12})\w{20,}/, "$1…");
}

/** The bytes of a list of descriptors. */
export function sumSizes(descriptors: readonly { readonly size: number }[]): number {
  return descriptors.reduce((sum, { size }) => sum + size, 0);
}

/** `registry/repository` of `registry/repository[:tag][@digest]`. */
export function toRepository(reference: string): string {
  return reference.replace(/@.*$/, "").replace(/:[^/:]*$/, "");
}

/** A step of a build, with the layer that it made. */
export interface HistoryRow<Layer> {
  readonly createdBy?: string;
  /** Absent if the step changed only the config. */
  readonly layer?: Layer;
}

/**
 * Puts the history of a config beside the layers.
 *
 * @returns the layers alone, if the history is missing or has another number of layers
 */
export function joinHistory<Layer>(
  layers: readonly Layer[],
  content: unknown,
): { readonly rows: readonly HistoryRow<Layer>[]; readonly isJoined: boolean } {
  const history = (content as { history?: unknown } | null | undefined)?.history;
  const steps = Array.isArray(history)
    ? history.map((step) => (typeof step === "object" && step !== null ? step : {}))
    : [];
  const made = steps.filter(({ empty_layer: isEmpty }) => isEmpty !== true).length;
  if (made !== layers.length) return { rows: layers.map((layer) => ({ layer })), isJoined: false };
  let next = 0;
  const rows = steps.map(({ empty_layer: isEmpty, created_by: text, comment }) => {
    const createdBy = [text, comment].find((one) => typeof one === "string" && one !== "");
    const layer = isEmpty === true ? undefined : layers[next++];
    return {
      ...(createdBy === undefined ? {} : { createdBy: cleanStep(createdBy) }),
      ...(layer === undefined ? {} : { layer }),
    };
  });
  return { rows, isJoined: true };
}

/** Builders write more than the Dockerfile had. */
function cleanStep(text: string): string {
  return text.replace(/^\/bin\/sh -c #\(nop\)\s+/, "").replace(/^\/bin\/sh -c /, "RUN ")
    .replace(/ # buildkit$/, "").trim();
}
