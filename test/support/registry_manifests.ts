/** `/v2/<name>/manifests/<reference>` */

import { digestAlgorithm, findDigestFault } from "../../src/oci/digest.ts";
import type { Digest } from "../../src/oci/digest.ts";
import { isForeignLayer, OCI_MANIFEST } from "../../src/oci/media_types.ts";
import type { Call } from "./registry_call.ts";
import { locate, methodNotAllowed } from "./registry_call.ts";
import { Refusal, refusal } from "./registry_refusal.ts";
import type { RefusalEntry } from "./registry_refusal.ts";
import { concat, digestOf } from "./registry_store.ts";
import type { Bytes, Repository } from "./registry_store.ts";

/** The fields of a manifest that the registry reads, unchecked. */
export interface ManifestJson {
  mediaType?: string;
  artifactType?: string;
  config?: DescriptorJson;
  layers?: DescriptorJson[];
  manifests?: DescriptorJson[];
  /** Programs in Go write `null` for an empty field. */
  subject?: DescriptorJson | null;
  annotations?: Record<string, string>;
}

interface DescriptorJson {
  mediaType: string;
  digest: string;
}

const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
const MAX_BYTES = 4 * 1024 * 1024;

export async function handleManifest(call: Call): Promise<Response> {
  switch (call.method) {
    case "GET":
    case "HEAD":
      return getManifest(call);
    case "PUT":
      return await putManifest(call);
    case "DELETE":
      return deleteManifest(call);
    default:
      return methodNotAllowed(call);
  }
}

function getManifest(call: Call): Response {
  const manifest = call.store.find(call.name)?.findManifest(call.reference);
  if (manifest === undefined) throw unknownManifest(call);
  const headers = {
    "content-length": `${manifest.bytes.length}`,
    "content-type": manifest.mediaType,
    "docker-content-digest": manifest.digest,
  };
  return new Response(call.method === "HEAD" ? null : manifest.bytes, { headers });
}

async function putManifest(call: Call): Promise<Response> {
  const tags = call.url.searchParams.getAll("tag");
  const asked = readReference(call, tags);
  const bytes = await readBody(call);
  const json = parseManifest(bytes);
  const mediaType = call.headers.get("content-type") ?? json.mediaType ?? OCI_MANIFEST;
  if (json.mediaType !== undefined && json.mediaType !== mediaType) {
    throw refusal(
      400,
      "MANIFEST_INVALID",
      `Content-Type ${mediaType}, mediaType ${json.mediaType}`,
    );
  }
  const actual = digestOf(bytes, asked && digestAlgorithm(asked));
  if (asked !== undefined && asked !== actual && call.options.verifiesDigests !== false) {
    throw refusal(400, "DIGEST_INVALID", "provided digest did not match uploaded content", {
      detail: { digest: asked, received: actual },
    });
  }
  const repository = call.store.open(call.name);
  if (call.options.strictManifests !== false) refuseMissing(repository, json);

  const digest = asked ?? actual;
  repository.manifests.set(digest, { digest, mediaType, bytes });
  for (const tag of tags) repository.tags.set(tag, digest);

  const headers = new Headers({
    location: locate(call, `/v2/${call.name}/manifests/${digest}`),
    "docker-content-digest": digest,
  });
  if (json.subject && call.options.referrers !== false) {
    headers.set("oci-subject", json.subject.digest);
  }
  if (asked !== undefined && tags.length > 0) headers.set("oci-tag", tags.join(", "));
  return new Response(null, { status: 201, headers });
}

/**
 * The digest in the path. A tag in the path is added to `tags` instead.
 *
 * The next version of the spec adds `PUT …/manifests/<digest>?tag=a&tag=b`.
 */
function readReference(call: Call, tags: string[]): Digest | undefined {
  const isDigest = call.reference.includes(":");
  const fault = isDigest ? findDigestFault(call.reference) : undefined;
  if (fault !== undefined) throw refusal(400, "DIGEST_INVALID", fault);
  if (!isDigest) tags.push(call.reference);
  const badTag = tags.find((tag) => !TAG.test(tag));
  if (badTag !== undefined) throw refusal(400, "MANIFEST_INVALID", `invalid tag ${badTag}`);
  return isDigest ? call.reference as Digest : undefined;
}

async function readBody(call: Call): Promise<Bytes> {
  const maxBytes = call.options.maxManifestBytes ?? MAX_BYTES;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of call.body ?? []) {
    size += chunk.length;
    if (size > maxBytes) throw refusal(413, "SIZE_INVALID", `a manifest of more than ${maxBytes}`);
    chunks.push(chunk);
  }
  return concat(chunks);
}

function parseManifest(bytes: Bytes): ManifestJson {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    throw refusal(400, "MANIFEST_INVALID", `not JSON: ${(error as Error).message}`);
  }
}

function refuseMissing(repository: Repository, json: ManifestJson): void {
  const blobs = [json.config, ...json.layers ?? []].filter((blob) => blob !== undefined);
  const missing = [
    ...blobs.filter((blob) => !isForeignLayer(blob) && !repository.blobs.has(blob.digest)),
    ...(json.manifests ?? []).filter(({ digest }) =>
      // An index may list blobs: the caches of BuildKit do. CNCF distribution accepts them.
      !repository.manifests.has(digest) && !repository.blobs.has(digest)
    ),
  ];
  if (missing.length === 0) return;
  const entries = missing.map(({ digest }): RefusalEntry => ({
    code: "MANIFEST_BLOB_UNKNOWN",
    message: "blob or manifest unknown to registry",
    detail: { digest },
  }));
  // The spec names no status. CNCF distribution responds with 400.
  throw new Refusal(400, entries);
}

function deleteManifest(call: Call): Response {
  if (call.options.deletable === false) return methodNotAllowed(call);
  const repository = call.store.find(call.name);
  if (repository?.findManifest(call.reference) === undefined) throw unknownManifest(call);
  if (!repository.tags.delete(call.reference)) repository.deleteManifest(call.reference);
  return new Response(null, { status: 202 });
}

function unknownManifest(call: Call): Refusal {
  return refusal(404, "MANIFEST_UNKNOWN", "manifest unknown to registry", {
    detail: { reference: call.reference },
  });
}
