/** The manifests that the destination must have after a copy. A plan and a verification read them here, so that they agree. */
import type { ContentSource, ManifestContent } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { isSelected, mayHold, rebuildTree, requirePlatforms, unwrapTree } from "./platforms.ts";
import type { CopyRequest } from "./request.ts";
import { readTree } from "./tree.ts";
import type { ReadTreeOptions, TreeNode } from "./tree.ts";

export interface WantedTreeOptions extends Pick<ReadTreeOptions, "isKnown" | "signal"> {
  /** The manifest of the source's name. */
  readonly root: ManifestContent;
}

/**
 * Reads the source's manifests and applies `platforms` and `index` to them.
 *
 * @throws CrossdockError `unsupported` for a platform that the source lacks, or where `index: "refuse"` forbids a new index;
 * and whatever `readTree` throws
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
      index === "unwrap" && wanted ? mayHold(entry, wanted) : isSelected(entry, siblings, platforms)
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
      `copy some platforms of ${name}: its index names others, too`,
      {
        side: "source",
        hint:
          "use --index rebuild for an index of those alone, or --index sparse to keep it as it is",
      },
    );
  }
  return rebuilt;
}
