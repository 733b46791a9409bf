/** `/v2/_catalog`, `/v2/<name>/tags/list` and `/v2/<name>/referrers/<digest>` */

import { findDigestFault } from "../../src/oci/digest.ts";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { OCI_INDEX } from "../../src/oci/media_types.ts";
import type { Call } from "./registry_call.ts";
import { methodNotAllowed } from "./registry_call.ts";
import type { ManifestJson } from "./registry_manifests.ts";
import { refusal } from "./registry_refusal.ts";
import type { Store } from "./registry_store.ts";

/** https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags */
export function handleTags(call: Call): Response {
  if (call.method !== "GET") methodNotAllowed(call);
  const repository = call.store.find(call.name);
  // A repository with blobs and no manifest is not listed, as in CNCF distribution.
  if (repository === undefined || repository.manifests.size === 0) {
    throw refusal(404, "NAME_UNKNOWN", "repository name not known to registry", {
      detail: { name: call.name },
    });
  }
  const { items: tags, headers } = paginate([...repository.tags.keys()], call.url);
  return Response.json({ name: call.name, tags }, { headers });
}

/** https://distribution.github.io/distribution/spec/api/#catalog */
export function handleCatalog(store: Store, url: URL): Response {
  const names = [...store.entries()].filter(([, { manifests }]) => manifests.size > 0)
    .map(([name]) => name);
  const { items: repositories, headers } = paginate(names, url);
  return Response.json({ repositories }, { headers });
}

/** The page that `n` and `last` select, with a link to the next one. */
function paginate(all: readonly string[], url: URL): { items: string[]; headers: Headers } {
  const last = url.searchParams.get("last");
  const count = url.searchParams.get("n");
  if (count !== null && !/^\d+$/.test(count)) {
    throw refusal(400, "PAGINATION_NUMBER_INVALID", `n: ${count} is no number`);
  }
  const left = all.filter((item) => last === null || compareTags(item, last) > 0)
    .sort(compareTags);
  const items = count === null ? left : left.slice(0, Number(count));
  const headers = new Headers();
  const next = items.at(-1);
  if (items.length < left.length && next !== undefined) {
    const rest = `${url.pathname}?n=${count}&last=${encodeURIComponent(next)}`;
    headers.set("link", `<${rest}>; rel="next"`);
  }
  return { items, headers };
}

/** The spec's lexical order ignores case. */
function compareTags(a: string, b: string): number {
  return compare(a.toLowerCase(), b.toLowerCase()) || compare(a, b);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers */
export function handleReferrers(call: Call): Response {
  if (call.options.referrers === false) {
    return new Response("404 page not found\n", { status: 404 });
  }
  if (call.method !== "GET") methodNotAllowed(call);
  const fault = findDigestFault(call.reference);
  if (fault !== undefined) throw refusal(400, "DIGEST_INVALID", fault);

  const artifactType = call.url.searchParams.get("artifactType");
  const manifests: Descriptor[] = [];
  for (const manifest of call.store.find(call.name)?.manifests.values() ?? []) {
    const json = JSON.parse(new TextDecoder().decode(manifest.bytes)) as ManifestJson;
    if (json.subject?.digest !== call.reference) continue;
    const { digest, mediaType, bytes } = manifest;
    const referrer = describeReferrer({ mediaType, digest, size: bytes.length }, json);
    if (artifactType === null || referrer.artifactType === artifactType) manifests.push(referrer);
  }
  const headers = new Headers({ "content-type": OCI_INDEX });
  if (artifactType !== null) headers.set("oci-filters-applied", "artifactType");
  return Response.json({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }, { headers });
}

/** The entry of a referrer, the same in the API and at the fallback tag. */
export function describeReferrer(descriptor: Descriptor, json: ManifestJson): Descriptor {
  const artifactType = json.artifactType || json.config?.mediaType;
  return {
    ...descriptor,
    ...artifactType !== undefined && { artifactType },
    ...json.annotations !== undefined && { annotations: json.annotations },
  };
}
