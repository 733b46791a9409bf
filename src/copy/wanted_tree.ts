/** Reads the manifests that the destination must have after a copy. Plan and verification share it, so that they agree. */
import type { ContentSource, ManifestContent } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { isSelected, mayContain, rebuildTree, requirePlatforms, unwrapTree } from "./platforms.ts";
import type { CopyRequest } from "./request.ts";
import { readTree } from "./tree.ts";
import type { ReadTreeOptions, TreeNode } from "./tree.ts";

export interface WantedTreeOptions extends Pick<ReadTreeOptions, "isKnown" | "signal"> {
  /** The manifest of the source reference. */
  readonly root: ManifestContent;
}

/**
 * Reads the source's manifests and applies `platforms` and `index` to them.
 *
 * @throws CrossdockError `unsupported` for a platform that the source lacks, and for a new index with `index: "refuse"`; and the
 * errors of `readTree`
 */
export async function readWantedTree(
  { platforms, index }: Pick<CopyRequest, "platforms" | "index">,
  source: ContentSource,
  { root, isKnown, signal }: WantedTreeOptions,
): Promise<TreeNode> {
  if (platforms.length === 0) return await readTree(source, root, { isKnown, signal });
  const name = `${source.name}@${root.digest}`;
  const [wanted] = platforms;
  const entries: Descriptor[] = [];
  const select = (siblings: readonly Descriptor[]): Descriptor[] => {
    entries.push(...siblings);
    return siblings.filter((entry) =>
      index === "unwrap" && wanted
        ? mayContain(entry, wanted)
        : isSelected(entry, siblings, platforms)
    );
  };
  const tree = await readTree(source, root, { select, isKnown, signal });
  if (index === "unwrap" && tree.manifest?.kind !== "index") return tree;
  requirePlatforms(entries, platforms, name);
  if (index === "sparse") return tree;
  if (index === "unwrap") return unwrapTree(tree);
  const rebuilt = await rebuildTree(tree);
  if (rebuilt.isRebuilt && index === "refuse") {
    throw new CrossdockError(
      "unsupported",
      `copy selected platforms of ${name}: its index also lists other platforms`,
      {
        side: "source",
        hint:
          "use --index rebuild to write a new index of the selected platforms, or --index sparse to keep the index unchanged",
      },
    );
  }
  return rebuilt;
}
