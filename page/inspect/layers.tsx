import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { ManifestNode } from "../../src/copy/model.ts";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { LongText, usePart } from "../parts/cut.tsx";
import { count, formatBytes } from "../parts/format.ts";
import { Digest } from "../parts/text.tsx";
import { joinHistory, nameManifest } from "./manifests.ts";

/** The layers of an image with the steps of its build that made them. */
export function Layers(
  { node, all }: { readonly node: ManifestNode; readonly all: readonly ManifestNode[] },
): JSX.Element {
  const { rows, isJoined } = joinHistory(node.layers, node.config?.content);
  const { shown, more } = usePart(rows, { size: 50 });
  const largest = node.layers.reduce((most, { size }) => Math.max(most, size), 1);
  const users = useMemo(() => listUsers(all), [all]);
  return (
    <>
      {!isJoined && node.layers.length > 0 && node.kind === "image" && (
        <p class="quiet">The config has no history that fits these layers.</p>
      )}
      <ol class="layers">
        {shown.map(({ layer, createdBy }, i) => (
          <li key={i} class={layer ? "" : "empty-layer"}>
            {layer && (
              <Layer
                layer={layer}
                largest={largest}
                others={(users.get(layer.digest) ?? []).filter((user) => user !== node)}
                all={all}
              />
            )}
            {createdBy !== undefined && (
              <code class="layer-step">
                <LongText text={createdBy} />
              </code>
            )}
          </li>
        ))}
      </ol>
      {more}
    </>
  );
}

function Layer(
  { layer, largest, others, all }: {
    readonly layer: Descriptor;
    readonly largest: number;
    /** The other manifests that have the layer. */
    readonly others: readonly ManifestNode[];
    readonly all: readonly ManifestNode[];
  },
): JSX.Element {
  const { size, digest, mediaType, urls } = layer;
  const names = others.slice(0, 20).map((other) => nameManifest(other, all));
  const share = Math.min(Math.max(size / largest, 0), 1);
  return (
    <div class="layer">
      <span class="layer-bar" aria-hidden="true">
        <span style={{ width: `${share * 100}%` }} />
      </span>
      <span class="layer-size">{formatBytes(size)}</span>
      <Digest digest={digest} />
      <small>
        <LongText text={shortType(mediaType)} />
        {urls && " · foreign: not in the registry"}
      </small>
      {others.length > 0 && (
        <small class="shared" title={names.join(", ")}>
          also in {others.length <= 2
            ? names.join(" and ")
            : `${names[0]} and ${count(others.length - 1, "other")}`}
        </small>
      )}
    </div>
  );
}

/** Which manifests have a layer. */
function listUsers(all: readonly ManifestNode[]): Map<string, ManifestNode[]> {
  const users = new Map<string, ManifestNode[]>();
  for (const node of all) {
    for (const digest of new Set(node.layers.map((layer) => layer.digest))) {
      const list = users.get(digest);
      if (list) list.push(node);
      else users.set(digest, [node]);
    }
  }
  return users;
}

function shortType(mediaType: string): string {
  return mediaType.replace(
    /^application\/vnd\.(oci\.image\.layer\.v1|docker\.image\.rootfs\.(foreign\.)?diff)\./,
    "",
  );
}
