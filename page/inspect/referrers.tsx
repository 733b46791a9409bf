import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Inspection, ManifestNode } from "../../src/copy/model.ts";
import { kindOfReferrer } from "../../src/oci/referrer_kind.ts";
import { usePage } from "../context.ts";
import { LongText, usePart } from "../parts/cut.tsx";
import { Pairs, Value } from "../parts/facts.tsx";
import { count, formatBytes, shortDigest } from "../parts/format.ts";
import { Loading, ProblemBox } from "../parts/states.tsx";
import { Digest } from "../parts/text.tsx";
import { useResource } from "../resource.ts";
import { toLink } from "../route.ts";
import { nameManifest, shortTag } from "./manifests.ts";

/** Signatures, SBOMs and attestations of an image and of its platforms. */
export function ReferrerTree(
  { all, repository }: { readonly all: readonly ManifestNode[]; readonly repository: string },
): JSX.Element {
  const withSome = all.filter(({ referrers, digestTags }) =>
    referrers.length + digestTags.length > 0
  );
  const { shown, more } = usePart(withSome);
  const total = withSome.reduce(
    (sum, { referrers, digestTags }) => sum + referrers.length + digestTags.length,
    0,
  );
  return (
    <section>
      <h2>Referrers and signatures</h2>
      {total === 0
        ? <p class="quiet">No signature, SBOM or other referrer is listed for this image.</p>
        : (
          <p class="quiet">
            {count(total, "referrer")}. Each is named by its type; nothing is verified here.
          </p>
        )}
      <ul class="referrers">
        {shown.map((node) => (
          <li key={node.descriptor.digest}>
            <strong>
              <LongText
                text={node === all[0]
                  ? (node.kind === "index" ? "the index" : "the image")
                  : nameManifest(node, all)}
              />
            </strong>
            <Referrers node={node} repository={repository} />
          </li>
        ))}
      </ul>
      {more}
    </section>
  );
}

function Referrers(
  { node, repository }: { readonly node: ManifestNode; readonly repository: string },
): JSX.Element {
  const { shown, more } = usePart([
    ...node.referrers.map((descriptor) => ({
      kind: kindOfReferrer(descriptor),
      type: descriptor.artifactType || descriptor.mediaType,
      size: descriptor.size,
      digest: descriptor.digest,
    })),
    ...node.digestTags.map(({ tag, digest }) => ({
      kind: TAG_KINDS[tag.split(".").pop() ?? ""] ?? "other",
      type: `tag ${shortTag(tag)}`,
      size: undefined,
      digest,
    })),
  ]);
  return (
    <>
      <ul>
        {shown.map((referrer) => (
          <li key={`${referrer.type} ${referrer.digest}`}>
            <Referrer {...referrer} repository={repository} />
          </li>
        ))}
      </ul>
      {more}
    </>
  );
}

/** By the last part of cosign's tags. */
const TAG_KINDS: Readonly<Record<string, string>> = {
  sig: "signature",
  att: "attestation",
  sbom: "sbom",
};

function Referrer(
  { kind, type, size, digest, repository }: {
    readonly kind: string;
    readonly type: string;
    readonly size: number | undefined;
    readonly digest: string;
    readonly repository: string;
  },
): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  return (
    <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>
        <span class="kind">{kind === "sbom" ? "SBOM" : kind}</span>{" "}
        <span class="type">{type.length > 120 ? `${type.slice(0, 120)}…` : type}</span>{" "}
        <small>{shortDigest(digest)}{size === undefined ? "" : ` · ${formatBytes(size)}`}</small>
      </summary>
      {isOpen && <ReferrerContent reference={`${repository}@${digest}`} digest={digest} />}
    </details>
  );
}

/** A referrer can have referrers, so each is read only when it is opened. */
function ReferrerContent(
  { reference, digest }: { readonly reference: string; readonly digest: string },
): JSX.Element {
  const { api } = usePage();
  const { value, problem, reload } = useResource(
    `image ${reference}`,
    (signal) => api.call<Inspection>("v1/images", { query: { reference }, signal }),
  );
  if (problem) return <ProblemBox problem={problem} onRetry={reload} />;
  if (!value) return <Loading what="the referrer" />;
  const { root } = value;
  return (
    <div class="referrer">
      <p>
        <Digest digest={digest} /> <a href={toLink("inspect", { query: { reference } })}>Inspect</a>
      </p>
      <Value of={root.layers.map(({ mediaType, size }) => `${mediaType}, ${formatBytes(size)}`)} />
      {root.annotations && <Pairs of={root.annotations} />}
      {root.referrers.length + root.digestTags.length > 0
        ? <Referrers node={root} repository={reference.slice(0, reference.indexOf("@"))} />
        : <p class="quiet">It has no referrers of its own.</p>}
    </div>
  );
}
