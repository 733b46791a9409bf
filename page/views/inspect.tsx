/** An image: its manifests, layers, config and referrers, and whether another image is a complete copy of it. */
import type { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { Inspection, ManifestNode } from "../../src/copy/model.ts";
import { usePage } from "../context.ts";
import { Admission } from "../inspect/admission.tsx";
import { Comparison } from "../inspect/comparison.tsx";
import { Layers } from "../inspect/layers.tsx";
import {
  isAttestation,
  listManifests,
  nameManifest,
  sumSizes,
  toRepository,
} from "../inspect/manifests.ts";
import { ReferrerTree } from "../inspect/referrers.tsx";
import { LongText, usePart } from "../parts/cut.tsx";
import { Fact, Pairs, Value } from "../parts/facts.tsx";
import { count, formatBytes, formatNumber, formatTime } from "../parts/format.ts";
import { matchTags, ReferenceInput, useTags } from "../parts/reference_input.tsx";
import { cutDigest } from "../parts/reference_name.ts";
import { Empty, Loading, ProblemBox } from "../parts/states.tsx";
import { CodeBlock, Digest } from "../parts/text.tsx";
import { useResource } from "../resource.ts";
import { toLink, useRoute } from "../route.ts";

export function InspectView(): JSX.Element {
  const { api } = usePage();
  const { query } = useRoute();
  const reference = query.get("reference") ?? "";
  const other = query.get("with") ?? "";
  const { value, problem, at, reload } = useResource(
    reference ? `image ${reference}` : undefined,
    (signal) => api.call<Inspection>("v1/images", { query: { reference }, signal }),
  );
  return (
    <>
      <h1>Inspect</h1>
      <Names reference={reference} other={other} onSame={reload} />
      {!reference && <Start />}
      {problem && (
        <ProblemBox problem={problem} onRetry={reload}>
          {problem.code === "not_found" && (
            <p>To see the tags that exist, remove the tag from the name above.</p>
          )}
        </ProblemBox>
      )}
      {reference && !problem && !value && <Loading what="the image" />}
      {value && (
        <Image
          key={at}
          inspection={value}
          chosen={query.get("manifest") ?? ""}
          toManifest={(manifest) =>
            toLink("inspect", { query: { reference, with: other, manifest } })}
        >
          {other && <Comparison source={reference} destination={other} />}
        </Image>
      )}
    </>
  );
}

function Names(
  { reference, other, onSame }: {
    readonly reference: string;
    readonly other: string;
    /** Called when the names have not changed. */
    readonly onSame: () => void;
  },
): JSX.Element {
  const [image, setImage] = useState(reference);
  const [second, setSecond] = useState(other);
  useEffect(() => setImage(reference), [reference]);
  useEffect(() => setSecond(other), [other]);
  const query = { reference: image.trim(), with: second.trim() };
  return (
    <form
      class="asked"
      onSubmit={(event) => {
        event.preventDefault();
        if (!query.reference) return;
        if (query.reference === reference && query.with === other) onSame();
        location.hash = toLink("inspect", { query });
      }}
    >
      <ImageField label="Image" value={image} onValue={setImage} />
      <ImageField
        label="Compare with"
        value={second}
        onValue={setSecond}
        placeholder="optional: a copy of the image"
      />
      <button type="submit" class="main" disabled={!query.reference}>
        {query.with ? "Compare" : "Inspect"}
      </button>
    </form>
  );
}

function ImageField(
  { onValue, ...field }: {
    readonly label: string;
    readonly value: string;
    readonly onValue: (value: string) => void;
    readonly placeholder?: string;
  },
): JSX.Element {
  // A name from a link is complete: it needs no list.
  const [isTyped, setTyped] = useState(false);
  const { value: tags, problem, isLoading } = useTags(isTyped ? field.value : "");
  const total = tags?.length ?? 0;
  const matching = matchTags(tags ?? [], field.value).length;
  return (
    <ReferenceInput
      {...field}
      onValue={(value) => {
        setTyped(true);
        onValue(value);
      }}
      tags={tags}
      about={problem
        ? `No tags: ${problem.detail}`
        : tags
        ? `${matching < total ? `${matching} of ` : ""}${count(total, "tag")}`
        : isLoading
        ? "Loading tags…"
        : ""}
    />
  );
}

function Start(): JSX.Element {
  const { setup: { allowSources, allowDestinations } } = usePage();
  const globs = [...new Set([...allowSources, ...allowDestinations])];
  if (globs.length === 0) {
    return (
      <Empty title="No image may be read">
        <p>
          The allow-lists of this server are empty. Set <code>CROSSDOCK_ALLOW_SOURCES</code> or{" "}
          <code>CROSSDOCK_ALLOW_DESTINATIONS</code>, for example to <code>ghcr.io/acme/**</code>.
        </p>
      </Empty>
    );
  }
  return (
    <Empty title="Which image?">
      <p>
        Enter its name: the field offers the tags of the repository. With a second name you see
        whether that is a complete copy. This server may read:
      </p>
      <Value of={globs} />
    </Empty>
  );
}

function Image(
  { inspection, chosen, toManifest, children }: {
    readonly inspection: Inspection;
    /** Digest of the manifest to show. Default: the first image. */
    readonly chosen: string;
    readonly toManifest: (digest: string) => string;
    readonly children: JSX.Element | "";
  },
): JSX.Element {
  const { mayCopy } = usePage();
  const { reference, root, totalBytes } = inspection;
  const all = useMemo(() => listManifests(root), [root]);
  const images = all.filter(({ kind }) => kind !== "index");
  const node = all.find(({ descriptor }) => descriptor.digest === chosen) ??
    images.find((image) => !isAttestation(image)) ?? root;
  const { digest, mediaType } = root.descriptor;
  const name = cutDigest(reference);
  return (
    <>
      <h2 class="reference-name">
        <code>{name}</code>
      </h2>
      {mayCopy && (
        <p>
          <a href={toLink("copy", { query: { source: name } })}>
            Copy this image
          </a>
        </p>
      )}
      <dl class="pairs">
        <Fact name="Digest">
          <Digest digest={digest} />
        </Fact>
        <Fact name="Media type">
          <LongText text={mediaType} />
        </Fact>
        <Fact name="Size">
          {formatBytes(totalBytes)}
          {root.kind === "index" && `, each layer counted once`}
        </Fact>
        {root.kind === "index" && (
          <Fact name="Manifests">
            {formatNumber(all.length - 1)}
            {images.length === 0 && ": the registry has none of the entries of the index"}
          </Fact>
        )}
      </dl>
      {children}
      <Admission reference={reference} />
      {root.kind === "index" && images.length > 0 && (
        <Manifests all={all} images={images} node={node} toManifest={toManifest} />
      )}
      {node.kind !== "index" && <Manifest key={node.descriptor.digest} node={node} all={all} />}
      {root !== node && root.annotations && (
        <section>
          <h2>Annotations of the index</h2>
          <Pairs of={root.annotations} />
        </section>
      )}
      <ReferrerTree all={all} repository={toRepository(reference)} />
      <Json of={inspection} />
    </>
  );
}

function Manifests(
  { all, images, node, toManifest }: {
    readonly all: readonly ManifestNode[];
    readonly images: readonly ManifestNode[];
    /** The one that is shown. */
    readonly node: ManifestNode;
    readonly toManifest: (digest: string) => string;
  },
): JSX.Element {
  const { shown, more } = usePart(images);
  return (
    <section>
      <h2>Platforms</h2>
      <div class="scroll">
        <table class="manifests">
          <caption>Choose one to see its layers.</caption>
          <thead>
            <tr>
              <th scope="col">Platform</th>
              <th scope="col" class="number">Size</th>
              <th scope="col" class="number">Layers</th>
              <th scope="col" class="number">Referrers</th>
              <th scope="col">Digest</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((one) => {
              const { descriptor, layers, referrers, digestTags } = one;
              return (
                <tr key={descriptor.digest} class={one === node ? "chosen" : ""}>
                  <th scope="row">
                    <a
                      href={toManifest(descriptor.digest)}
                      aria-current={one === node ? "true" : undefined}
                    >
                      {nameManifest(one, all)}
                    </a>
                  </th>
                  <td class="number">{formatBytes(sumSizes(layers))}</td>
                  <td class="number">{formatNumber(layers.length)}</td>
                  <td class="number">{formatNumber(referrers.length + digestTags.length)}</td>
                  <td>
                    <Digest digest={descriptor.digest} />
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      {more}
    </section>
  );
}

function Manifest(
  { node, all }: { readonly node: ManifestNode; readonly all: readonly ManifestNode[] },
): JSX.Element {
  const { config, layers, annotations, kind } = node;
  const name = nameManifest(node, all);
  const what = kind === "artifact" ? "Blobs" : "Layers";
  return (
    <section>
      <h2>{what} of {name}</h2>
      <p class="quiet">
        {layers.length === 0
          ? "It has none."
          : `${count(layers.length, what.toLowerCase().slice(0, -1))}, ${
            formatBytes(sumSizes(layers))
          } compressed, from the lowest up`}
      </p>
      <Layers node={node} all={all} />
      {config && (
        <>
          <h2>Config</h2>
          <Config content={config.content} mediaType={config.descriptor.mediaType} />
        </>
      )}
      {annotations && Object.keys(annotations).length > 0 && (
        <>
          <h2>Annotations</h2>
          <Pairs of={annotations} />
        </>
      )}
    </section>
  );
}

/** The settings of an image that people look for. The JSON below has the others. */
const SETTINGS = [
  "Entrypoint",
  "Cmd",
  "WorkingDir",
  "User",
  "Env",
  "ExposedPorts",
  "Volumes",
  "StopSignal",
  "Healthcheck",
  "Labels",
];

function Config(
  { content, mediaType }: { readonly content: unknown; readonly mediaType: string },
): JSX.Element {
  if (!isObject(content)) {
    return (
      <p class="quiet">
        It is no JSON object, but <Value of={content === undefined ? mediaType : content} />
      </p>
    );
  }
  const settings = isObject(content["config"]) ? content["config"] : {};
  const created = content["created"];
  const found = SETTINGS.filter((name) => !isNothing(settings[name]));
  return (
    <dl class="pairs">
      {!isNothing(created) && (
        <Fact name="Created">
          {typeof created === "string" && !Number.isNaN(Date.parse(created))
            ? <time dateTime={created}>{formatTime(Date.parse(created))}</time>
            : <Value of={created} />}
        </Fact>
      )}
      {!isNothing(content["author"]) && (
        <Fact name="Author">
          <Value of={content["author"]} />
        </Fact>
      )}
      {found.map((name) => (
        <Fact key={name} name={name}>
          <Setting name={name} value={settings[name]} />
        </Fact>
      ))}
      {found.length === 0 && <Fact name="Settings">none</Fact>}
    </dl>
  );
}

function Setting({ name, value }: { readonly name: string; readonly value: unknown }): JSX.Element {
  // A set, as an object with empty values.
  if (/^(ExposedPorts|Volumes)$/.test(name) && isObject(value)) {
    return <Value of={Object.keys(value)} />;
  }
  // The quotes show where an argument ends.
  if (/^(Entrypoint|Cmd|Healthcheck)$/.test(name)) {
    return (
      <code>
        <LongText text={JSON.stringify(value)} />
      </code>
    );
  }
  return <Value of={value} />;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Builders write null, "" and {} for what an image does not set. */
function isNothing(value: unknown): boolean {
  return value === undefined || value === null || value === "" ||
    (typeof value === "object" && Object.keys(value).length === 0);
}

function Json({ of }: { readonly of: Inspection }): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  return (
    <section>
      <h2>JSON</h2>
      <details class="json" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
        <summary>The answer of the server</summary>
        {isOpen && <CodeBlock text={JSON.stringify(of, null, 2)} label="GET /v1/images" />}
      </details>
    </section>
  );
}
