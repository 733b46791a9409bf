/** The tree of a plan: the index, its platforms with their configs and layers, referrers, and the tags. */
import type { Inspection, ManifestNode, Plan } from "../../src/copy/model.ts";
import type { CopyRequestInput } from "../../src/copy/request.ts";
import type { BlobStep, ManifestStep, Step } from "../../src/copy/step.ts";
import type { Platform } from "../../src/oci/platform.ts";
import { kindOfReferrer } from "../../src/oci/referrer_kind.ts";

/** What happens to a node. `foreign` and `left-out` are not copied. */
export type Action = "there" | "mount" | "upload" | "put" | "tag" | "foreign" | "left-out";

interface PlannedBlob {
  readonly digest: string;
  readonly size: number;
  readonly action: Action;
}

export interface PlanNode {
  readonly kind: "index" | "image" | "artifact" | "config" | "layer" | "tag" | "list" | "group";
  readonly label: string;
  /** What the label does not say: a type, or where a tag moves from. */
  readonly detail?: string | undefined;
  readonly digest?: string;
  /** The step that decides its state: see `keyOf`. */
  readonly key: string;
  /** Of a manifest: all blobs beneath it, each once. */
  readonly size: number;
  readonly action: Action;
  /** Whether more than one manifest has this blob. It is sent only once. */
  readonly isShared?: boolean;
  /** The blobs beneath a manifest, each once. */
  readonly blobs?: readonly PlannedBlob[];
  /** Made on demand: a small image can unfold into a very large tree. */
  readonly children?: () => readonly PlanNode[];
}

/** The name of a step's result in the tree. */
export function keyOf(step: Step): string {
  if (step.type === "referrers") return `list ${step.subject}`;
  if (step.type === "receipt") return `receipt ${step.descriptor.digest}`;
  return step.type === "manifest" && step.tag ? `tag ${step.tag}` : step.descriptor.digest;
}

interface Entry {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: string | Partial<Platform> | undefined;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A manifest as far as the tree needs it. */
interface Content {
  readonly manifests?: readonly Entry[];
  readonly config?: Entry;
  readonly layers?: readonly Entry[];
  readonly blobs?: readonly Entry[];
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly subject?: { readonly digest: string };
}

/** Where to read the manifests that the plan does not have: where the image is already. `undefined` if it has them. */
export function findMissing(
  { stages, root, current, source, destination }: Plan,
): string | undefined {
  const isThere = stages.some(({ steps }) =>
    steps.some((step) =>
      step.type === "manifest" && step.content && step.descriptor.digest === root.digest
    )
  );
  return isThere ? undefined : current === root.digest ? destination : source;
}

/** @param inspection the manifests that the plan does not have */
export function toTree(
  plan: Plan,
  request: CopyRequestInput,
  inspection?: Inspection,
): readonly PlanNode[] {
  return new TreeMaker(plan, request, inspection).make();
}

class TreeMaker {
  readonly #plan: Plan;
  readonly #request: CopyRequestInput;
  readonly #contents = new Map<string, Content>();
  readonly #blobs = new Map<string, BlobStep>();
  readonly #manifests = new Map<string, ManifestStep>();
  /** Referrers, digest tags and lists by their subject. */
  readonly #related = new Map<string, PlanNode[]>();
  /** How many manifests name each blob. */
  readonly #uses = new Map<string, number>();
  readonly #foreign: ReadonlySet<string>;
  /** What has a place in the tree. */
  readonly #placed = new Set<string>();

  constructor(plan: Plan, request: CopyRequestInput, inspection: Inspection | undefined) {
    this.#plan = plan;
    this.#request = request;
    this.#foreign = new Set(plan.foreign.map(({ digest }) => digest));
    for (const step of this.#listSteps()) {
      if (step.type === "blob") this.#blobs.set(step.descriptor.digest, step);
      if (step.type !== "manifest") continue;
      this.#manifests.set(step.descriptor.digest, step);
      const content = step.content && parse(step.content);
      if (content) this.#contents.set(step.descriptor.digest, content);
    }
    if (inspection) this.#addInspected(inspection.root);
    for (const content of this.#contents.values()) {
      const blobs = listBlobs(content);
      for (const { digest } of blobs) this.#uses.set(digest, (this.#uses.get(digest) ?? 0) + 1);
      for (const { digest } of [...blobs, ...content.manifests ?? []]) this.#placed.add(digest);
    }
  }

  make(): readonly PlanNode[] {
    const { root, destination, current, additionalTags = [], result } = this.#plan;
    this.#placed.add(root.digest);
    this.#relate();
    const steps = new Map(this.#listSteps().map((step) => [keyOf(step), step]));
    const [, tag] = /:([^:@/]+)@/.exec(destination) ?? [];
    const tags = [...(tag === undefined ? [] : [tag]), ...additionalTags].map((name): PlanNode => {
      const isSet = steps.has(`tag ${name}`);
      const isMoved = name === tag && current !== undefined && current !== root.digest;
      return {
        kind: "tag",
        label: `Tag ${name}`,
        detail: !isSet || name !== tag
          ? undefined
          : isMoved
          ? `moves from ${current.slice(0, 19)}`
          : current === undefined
          ? "new"
          : undefined,
        key: `tag ${name}`,
        size: 0,
        action: isSet ? "tag" : result === "skipped" ? "left-out" : "there",
      };
    });
    return [this.#manifest(root), ...this.#rest(), ...tags];
  }

  #listSteps(): Step[] {
    return this.#plan.stages.flatMap(({ steps }) => steps);
  }

  /** Finds the subject of each referrer, digest tag and receipt. */
  #relate(): void {
    const referrers = this.#plan.stages.flatMap(({ name, steps }) =>
      name === "referrers" || name === "receipts" ? steps : []
    );
    for (const step of referrers) {
      if (step.type === "blob") continue;
      if (step.type === "receipt") {
        this.#addRelated(step.descriptor.digest, {
          kind: "list",
          label: "Receipt",
          detail: "a signed statement about this copy",
          key: keyOf(step),
          size: 0,
          action: "put",
        });
        continue;
      }
      if (step.type === "referrers") {
        this.#addRelated(step.subject, {
          kind: "list",
          label: "List of referrers",
          detail: "the registry has no referrers API",
          key: keyOf(step),
          size: 0,
          action: "put",
        });
        continue;
      }
      const { digest } = step.descriptor;
      const [, algorithm, hex] = /^(sha\d+)-([\da-f]+)\./.exec(step.tag ?? "") ?? [];
      const subject = hex ? `${algorithm}:${hex}` : this.#contents.get(digest)?.subject?.digest;
      if (!subject || this.#placed.has(digest) && !step.tag) continue;
      this.#placed.add(digest);
      this.#addRelated(subject, this.#manifest(step.descriptor, step.tag));
    }
  }

  #addRelated(subject: string, node: PlanNode): void {
    const nodes = this.#related.get(subject) ?? [];
    nodes.push(node);
    this.#related.set(subject, nodes);
  }

  #addInspected(
    { descriptor, config, layers, manifests, referrers, digestTags }: ManifestNode,
  ): void {
    const { digest } = descriptor;
    if (!this.#contents.has(digest)) {
      this.#contents.set(digest, {
        ...(config ? { config: config.descriptor } : {}),
        layers,
        manifests: manifests.map((child) => ({ ...child.descriptor, platform: child.platform })),
      });
    }
    for (const child of manifests) this.#addInspected(child);
    for (const referrer of referrers) {
      if (!this.#manifests.has(referrer.digest)) {
        this.#addRelated(digest, this.#manifest(referrer));
      }
    }
    for (const { tag, digest: tagged } of digestTags) {
      if (!this.#manifests.has(tagged)) {
        this.#addRelated(digest, this.#manifest({ mediaType: "", digest: tagged, size: 0 }, tag));
      }
    }
  }

  #manifest(entry: Entry, tag?: string): PlanNode {
    const { digest, mediaType, size } = entry;
    const content = this.#contents.get(digest);
    const isIndex = content?.manifests && !content.config ||
      /index|manifest\.list/.test(mediaType);
    const name = nameOf(entry, content, tag);
    const blobs = this.#collect(digest);
    const children = once(() => this.#children(digest));
    const isParent = blobs.length > 0 || (content?.manifests?.length ?? 0) > 0 ||
      this.#related.has(digest);
    return {
      ...name,
      kind: isIndex ? "index" : name.kind,
      digest,
      key: digest,
      size: blobs.reduce((sum, blob) => sum + blob.size, 0) || size,
      action: this.#manifests.has(digest) ? "put" : this.#isLeftOut(entry) ? "left-out" : "there",
      blobs,
      ...(isParent ? { children } : {}),
    };
  }

  #children(digest: string): readonly PlanNode[] {
    const { config, ...content } = this.#contents.get(digest) ?? {};
    const manifests = content.manifests ?? [];
    const isImage = config && /config|container\.image/.test(config.mediaType);
    const layers = content.layers ?? content.blobs ?? [];
    const platforms = new Map(
      manifests.map(({ digest, platform }) => [digest, formatPlatform(platform)]),
    );
    return [
      ...manifests.map((entry) => {
        const about = platforms.get(entry.annotations?.["vnd.docker.reference.digest"] ?? "");
        return { ...this.#manifest(entry), ...(about ? { detail: `of ${about}` } : {}) };
      }),
      ...(config ? [this.#blob(config, "config", isImage ? "Config" : "Empty config")] : []),
      ...layers.map((layer, i) =>
        this.#blob(
          layer,
          "layer",
          isImage && !/in-toto|simplesigning/.test(layer.mediaType) ? `Layer ${i + 1}` : "Content",
        )
      ),
      ...this.#related.get(digest) ?? [],
    ];
  }

  #blob({ digest, size, mediaType }: Entry, kind: "config" | "layer", label: string): PlanNode {
    return {
      kind,
      label,
      detail: shortType(mediaType),
      digest,
      key: digest,
      size,
      action: this.#actionOf(digest),
      isShared: (this.#uses.get(digest) ?? 0) > 1,
    };
  }

  #actionOf(digest: string): Action {
    const step = this.#blobs.get(digest);
    if (!step) return this.#foreign.has(digest) ? "foreign" : "there";
    if (step.found === "present") return "there";
    return step.mountFrom.length > 0 ? "mount" : "upload";
  }

  /** The blobs beneath a manifest, each once. */
  #collect(digest: string): readonly PlannedBlob[] {
    const blobs = new Map<string, PlannedBlob>();
    const seen = new Set<string>();
    const visit = (digest: string): void => {
      const content = this.#contents.get(digest);
      if (!content || seen.has(digest)) return;
      seen.add(digest);
      for (const { digest, size } of listBlobs(content)) {
        blobs.set(digest, { digest, size, action: this.#actionOf(digest) });
      }
      for (const { digest } of content.manifests ?? []) visit(digest);
    };
    visit(digest);
    return [...blobs.values()];
  }

  /** Whether a sparse index keeps the entry without its image. */
  #isLeftOut({ platform }: Entry): boolean {
    const { platforms = [], index } = this.#request;
    const name = formatPlatform(platform);
    return index === "sparse" && platforms.length > 0 && name !== undefined &&
      !platforms.some((wanted) =>
        `${name}/`.startsWith(`${wanted}/`) || `${wanted}/`.startsWith(`${name}/`)
      );
  }

  /** A plan carries only 4 MiB of manifests. What the others name is listed without its place. */
  #rest(): readonly PlanNode[] {
    const rest = this.#listSteps().filter((step) =>
      step.type === "blob" || step.type === "manifest"
    ).filter(({ descriptor }) => !this.#placed.has(descriptor.digest));
    if (rest.length === 0) return [];
    return [{
      kind: "group",
      label: "More content",
      detail: "of manifests that are too large for this plan",
      key: "",
      size: rest.reduce((sum, { descriptor }) => sum + descriptor.size, 0),
      action: "put",
      children: once(() =>
        rest.map((step) =>
          step.type === "blob"
            ? this.#blob(step.descriptor, "layer", "Blob")
            : this.#manifest(step.descriptor, step.tag)
        )
      ),
    }];
  }
}

function listBlobs({ config, layers, blobs }: Content): Entry[] {
  return [...(config ? [config] : []), ...layers ?? blobs ?? []];
}

function parse(text: string): Content | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const REFERRERS = {
  signature: "Signature",
  sbom: "SBOM",
  provenance: "Provenance",
  other: "Referrer",
} as const;

function nameOf(
  { platform, artifactType, annotations, mediaType }: Entry,
  content: Content | undefined,
  tag: string | undefined,
): Pick<PlanNode, "kind" | "label" | "detail"> {
  const name = formatPlatform(platform);
  if (annotations?.["vnd.docker.reference.type"] === "attestation-manifest") {
    return { kind: "artifact", label: "Attestation" };
  }
  if (name) return { kind: "image", label: name };
  const suffix = tag?.split(".").at(-1) ?? "";
  if (tag) {
    const label = { sig: "Signature", sbom: "SBOM", att: "Attestation" }[suffix] ?? "Referrer";
    return { kind: "artifact", label, detail: `cosign's tag sha256-….${suffix}` };
  }
  const type = artifactType ?? content?.artifactType;
  if (type || content?.subject) {
    const about = { artifactType: type ?? content?.config?.mediaType ?? "" };
    const kind = kindOfReferrer({
      ...about,
      annotations: { ...content?.annotations, ...annotations },
    });
    return { kind: "artifact", label: REFERRERS[kind], detail: about.artifactType };
  }
  return { kind: "image", label: /index|list/.test(mediaType) ? "Index" : "Image" };
}

/** `tar+gzip` of `application/vnd.oci.image.layer.v1.tar+gzip` */
function shortType(mediaType: string): string {
  const [, , suffix = ""] = /(diff|layer.*)\.(tar.*)$/.exec(mediaType) ?? [];
  if (suffix) return suffix.replace(".", "+");
  return /config\.v1\+json|image\.v1\+json|empty/.test(mediaType) ? "" : mediaType;
}

function formatPlatform(platform: Entry["platform"]): string | undefined {
  if (typeof platform !== "object") return platform;
  const { os, architecture, variant } = platform;
  return [os, architecture, variant].filter(Boolean).join("/") || undefined;
}

function once<Value>(make: () => Value): () => Value {
  let made: { value: Value } | undefined;
  return () => (made ??= { value: make() }).value;
}
