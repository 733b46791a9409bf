import assert from "node:assert/strict";
import { test } from "node:test";
import { keyOf, toTree } from "../../page/views/copy_tree.ts";
import type { PlanNode } from "../../page/views/copy_tree.ts";
import type { Plan, Stage } from "../../src/copy/model.ts";
import type { Step } from "../../src/copy/step.ts";
import type { Digest } from "../../src/oci/digest.ts";
import { OCI_INDEX, OCI_MANIFEST } from "../../src/oci/media_types.ts";

const digest = (digit: string): Digest => `sha256:${digit.repeat(64)}`;
const LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";
const CONFIG = "application/vnd.oci.image.config.v1+json";
const names = { source: "a.io/app", destination: "b.io/app" };
const request = { source: "a.io/app:1", destination: "b.io/app:1" };

const image = {
  config: { mediaType: CONFIG, digest: digest("c"), size: 10 },
  layers: [
    { mediaType: LAYER, digest: digest("d"), size: 100 },
    { mediaType: LAYER, digest: digest("e"), size: 200 },
  ],
};
const entries = [
  {
    mediaType: OCI_MANIFEST,
    digest: digest("1"),
    size: 1,
    platform: { os: "linux", architecture: "amd64" },
  },
  {
    mediaType: OCI_MANIFEST,
    digest: digest("2"),
    size: 1,
    platform: { os: "linux", architecture: "arm64" },
  },
];

function blob(name: string, size: number, found: "present" | "absent"): Stage["steps"][number] {
  const descriptor = { mediaType: LAYER, digest: digest(name), size };
  const rest = { mountFrom: [], eager: false, verify: "auto" } as const;
  return { type: "blob", ...names, ...rest, descriptor, found };
}

function manifest(
  name: string,
  content: object | undefined,
  more: { tag?: string; mediaType?: string } = {},
): Stage["steps"][number] {
  const { mediaType = OCI_MANIFEST, ...tag } = more;
  const descriptor = { mediaType, digest: digest(name), size: 1 };
  const text = content ? { content: JSON.stringify(content) } : {};
  return { type: "manifest", ...names, descriptor, ...tag, ...text };
}

function planOf(stages: readonly Stage[]): Plan {
  return {
    source: `a.io/app:1@${digest("0")}`,
    destination: `b.io/app:1@${digest("0")}`,
    root: { mediaType: OCI_INDEX, digest: digest("0"), size: 1 },
    result: "copied",
    stages,
    foreign: [],
    warnings: [],
  };
}

const STAGES: readonly Stage[] = [
  {
    name: "blobs",
    steps: [blob("c", 10, "absent"), blob("d", 100, "present"), blob("e", 200, "absent")],
  },
  { name: "manifests", steps: [manifest("1", image)] },
  {
    name: "tag",
    steps: [manifest("0", { manifests: entries }, { tag: "1", mediaType: OCI_INDEX })],
  },
];

/** A tree as lines of text, with all of its branches. */
function draw(nodes: readonly PlanNode[], indent = ""): string[] {
  return nodes.flatMap(({ label, action, children }) => [
    `${indent}${label}: ${action}`,
    ...draw(children?.() ?? [], `${indent}  `),
  ]);
}

test("toTree() shows what happens to each part, and what the destination has", () => {
  assert.deepEqual(draw(toTree(planOf(STAGES), request)), [
    "Index: put",
    "  linux/amd64: put",
    "    Config: upload",
    "    Layer 1: there",
    "    Layer 2: upload",
    "  linux/arm64: there",
    "Tag 1: tag",
  ]);
});

test("toTree() leaves the other entries of a sparse index out", () => {
  const tree = toTree(planOf(STAGES), { ...request, platforms: ["linux/amd64"], index: "sparse" });
  assert.ok(draw(tree).includes("  linux/arm64: left-out"));
});

test("toTree() lists what has no place because the plan is too large for its manifest", () => {
  const [blobs, , tag] = STAGES as [Stage, Stage, Stage];
  const stages = [blobs, { name: "manifests", steps: [manifest("1", undefined)] } as const, tag];
  assert.deepEqual(draw(toTree(planOf(stages), request)), [
    "Index: put",
    "  linux/amd64: put",
    "  linux/arm64: there",
    "More content: put",
    "  Blob: upload",
    "  Blob: there",
    "  Blob: upload",
    "Tag 1: tag",
  ]);
});

test("toTree() puts referrers, digest tags and lists below their subject", () => {
  const artifact = { ...image, layers: [], subject: { digest: digest("1") } };
  const referrers: Stage = {
    name: "referrers",
    steps: [
      manifest("7", { ...artifact, artifactType: "application/spdx+json" }),
      manifest("8", image, { tag: `sha256-${"0".repeat(64)}.sig` }),
      { type: "referrers", destination: "b.io/app", subject: digest("1"), referrers: [] },
    ],
  };
  const drawn = draw(toTree(planOf([...STAGES, referrers]), request));
  assert.deepEqual(drawn.filter((line) => /SBOM|Signature|List/.test(line)), [
    "    SBOM: put",
    "    List of referrers: put",
    "  Signature: put",
  ]);
});

/** The step that signs a receipt of manifest 1. */
const receipt: Step = {
  type: "receipt",
  destination: "b.io/app",
  descriptor: { mediaType: "x/y", digest: digest("1"), size: 1 },
  name: "b.io/app",
  image: "a.io/app",
};

test("toTree() puts a receipt below its manifest", () => {
  const receipts: Stage = { name: "receipts", steps: [receipt] };
  const drawn = draw(toTree(planOf([...STAGES, receipts]), request));
  assert.deepEqual(drawn.filter((line) => /Receipt|More/.test(line)), ["    Receipt: put"]);
});

test("toTree() does not unfold a tag that names its own subject, and accepts lists that are null", () => {
  const referrers: Stage = {
    name: "referrers",
    steps: [manifest("1", { config: null, layers: null, manifests: null }, {
      tag: `sha256-${"1".repeat(64)}.sig`,
    })],
  };
  const [, , tag] = STAGES as [Stage, Stage, Stage];
  const [root] = toTree(planOf([referrers, tag]), request);
  const [child] = root?.children?.() ?? [];
  assert.equal(child?.label, "linux/amd64");
  assert.deepEqual(child?.children?.().map(({ label }) => label), ["Signature"]);
});

test("keyOf() tells the steps of one manifest apart", () => {
  assert.equal(keyOf(manifest("1", undefined)), digest("1"));
  assert.equal(keyOf(manifest("1", undefined, { tag: "1" })), "tag 1");
  assert.equal(keyOf(receipt), `receipt ${digest("1")}`);
});
