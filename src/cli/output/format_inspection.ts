import type { Inspection, ManifestNode } from "../../copy/model.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { formatBytes, shortDigest } from "./format.ts";

/** A line of the tree, with the branches below it. */
interface Branch {
  readonly line: string;
  readonly children: readonly Branch[];
}

/** Draws an image as a tree: each manifest with its platform, config, layers and referrers. */
export function formatInspection({ reference, root, totalBytes }: Inspection): string[] {
  const top = toBranch(root);
  return [
    reference,
    top.line,
    ...drawChildren(top.children, ""),
    `total  ${formatBytes(totalBytes)} in blobs`,
  ];
}

function toBranch(node: ManifestNode): Branch {
  const { descriptor, kind, platform, artifactType } = node;
  const what = [kind, platform, artifactType].filter((part) => part !== undefined).join(" ");
  return {
    line: `${what}  ${descriptor.digest}  ${descriptor.mediaType}`,
    children: [
      ...toConfigBranches(node),
      ...node.layers.map((layer) => leaf("layer", layer, layer.mediaType)),
      ...node.manifests.map(toBranch),
      ...node.referrers.map((referrer) =>
        leaf("referrer", referrer, referrer.artifactType ?? referrer.mediaType)
      ),
      ...node.digestTags.map(({ tag, digest }) => ({
        line: `tag       ${shortDigest(digest)}  ${tag}`,
        children: [],
      })),
    ],
  };
}

function toConfigBranches({ config }: ManifestNode): Branch[] {
  if (config === undefined) return [];
  const { descriptor, content } = config;
  const facts = describeConfig(content).map((line) => ({ line, children: [] }));
  return [{ ...leaf("config", descriptor, descriptor.mediaType), children: facts }];
}

function leaf(label: string, { digest, size }: Descriptor, what: string): Branch {
  return {
    line: `${label.padEnd(8)}  ${shortDigest(digest)}  ${formatBytes(size).padStart(9)}  ${what}`,
    children: [],
  };
}

/** The most used values of an image's config. It comes from a registry, so any part may have any type. */
function describeConfig(content: unknown): string[] {
  const image = toRecord(content);
  const config = toRecord(image["config"]);
  const facts: [string, string | undefined][] = [
    ["created", toText(image["created"])],
    ["user", toText(config["User"])],
    ["entrypoint", toText(config["Entrypoint"])],
    ["command", toText(config["Cmd"])],
    ["workdir", toText(config["WorkingDir"])],
  ];
  return facts.flatMap(([label, text]) => text ? [`${label}: ${text}`] : []);
}

function toRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

const MAX_FACT_LENGTH = 200;

function toText(value: unknown): string | undefined {
  const text = Array.isArray(value) ? JSON.stringify(value) : value;
  if (typeof text !== "string" || text === "" || text === "[]") return undefined;
  return text.length > MAX_FACT_LENGTH ? `${text.slice(0, MAX_FACT_LENGTH)}…` : text;
}

function drawChildren(branches: readonly Branch[], indent: string): string[] {
  return branches.flatMap(({ line, children }, index) => {
    const isLast = index === branches.length - 1;
    return [
      `${indent}${isLast ? "└─ " : "├─ "}${line}`,
      ...drawChildren(children, indent + (isLast ? "   " : "│  ")),
    ];
  });
}
