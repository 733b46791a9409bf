/**
 * What refers to a manifest: by the referrers API where there is one, else by the index under the fallback tag.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers and #referrers-tag-schema
 */
import * as z from "zod";
import type { CallOptions, ReferrersOptions } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import { parseDescriptor } from "../oci/descriptor.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { digestBytes } from "../oci/digest.ts";
import type { Digest } from "../oci/digest.ts";
import { MAX_INDEX_WIDTH, parseManifest, referrersTag } from "../oci/manifest.ts";
import { OCI_INDEX } from "../oci/media_types.ts";
import { nextLink } from "./link_header.ts";
import { fetchManifest, putManifest } from "./manifests.ts";
import { readJson } from "./read_json.ts";
import type { RepositoryContext } from "./repository_context.ts";

/** A registry whose `Link` leads in circles over empty pages would keep us for ever. */
const MAX_PAGES = 1000;

/** Answers of registries that do not have the API: 404 by the spec, the others seen in the field. */
const NO_API = [404, 400, 403, 405, 501];

/** The descriptors are parsed one by one, as those of a manifest. */
const indexSchema = z.object({ manifests: z.array(z.unknown()) });

/** Lists what refers to `subject`. Empty when nothing does, also when the subject is not there. */
export async function listReferrers(
  context: RepositoryContext,
  subject: Digest,
  options: ReferrersOptions,
): Promise<Descriptor[]> {
  if (context.client.learnt.referrersApi !== false) {
    const referrers = await askApi(context, subject, options);
    context.client.learnt.referrersApi = referrers !== undefined;
    if (referrers) return referrers;
  }
  if (options.hasTag && !(await options.hasTag(referrersTag(subject)))) return [];
  return await readFallback(context, subject, options) ?? [];
}

/**
 * Writes referrers into the fallback index of a registry without the API; entries that are there already stay as they are.
 *
 * @returns whether it had to be written
 */
export async function recordReferrers(
  context: RepositoryContext,
  subject: Digest,
  referrers: readonly Descriptor[],
  options: CallOptions,
): Promise<boolean> {
  const { learnt } = context.client;
  learnt.referrersApi ??= await askApi(context, subject, options) !== undefined;
  if (learnt.referrersApi) return false;
  const present = await readFallback(context, subject, options) ?? [];
  const known = new Set(present.map((descriptor) => descriptor.digest));
  const missing = referrers.filter((descriptor) => !known.has(descriptor.digest));
  if (missing.length === 0) return false;
  const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [...present, ...missing] };
  // The cast: the types of Workers do not say that this is never shared memory.
  const bytes = new TextEncoder().encode(JSON.stringify(index)) as Uint8Array<ArrayBuffer>;
  const content = { bytes, mediaType: OCI_INDEX, digest: await digestBytes(bytes) };
  await putManifest(context, content, { ...options, tag: referrersTag(subject) });
  return true;
}

/** `undefined` where there is no such API. */
async function askApi(
  context: RepositoryContext,
  subject: Digest,
  { signal }: CallOptions,
): Promise<Descriptor[] | undefined> {
  const { client, path, name, read } = context;
  const what = `list referrers of ${name}@${subject}`;
  const found: Descriptor[] = [];
  let target: URL | undefined = client.resolve(path(`referrers/${subject}`));
  for (let page = 0; target && page < MAX_PAGES; page++) {
    const request = {
      method: "GET" as const,
      target,
      what,
      headers: { accept: OCI_INDEX },
      accept: [200, ...NO_API],
      signal,
    };
    const { manifests, link }: Page = await read(request, async (response) => ({
      manifests: await readManifests(context, response, what),
      link: response.headers.get("link"),
    }));
    if (manifests === undefined) return undefined;
    found.push(...manifests.map((entry, i) => parseDescriptor(entry, `manifests[${i}]`)));
    if (found.length > MAX_INDEX_WIDTH) {
      throw new CrossdockError("limit", `${what}: more than ${MAX_INDEX_WIDTH} refer to it`, {
        side: client.side,
      });
    }
    target = nextLink(link, target);
  }
  return found;
}

interface Page {
  /** `undefined`: there is no such API. */
  readonly manifests: unknown[] | undefined;
  readonly link: string | null;
}

/** Answers of 200 that are no index, a web page for one, come from registries that do not know the path: `undefined`. */
async function readManifests(
  context: RepositoryContext,
  response: Response,
  what: string,
): Promise<unknown[] | undefined> {
  if (response.status !== 200) {
    await response.body?.cancel();
    return undefined;
  }
  try {
    return (await readJson(context, response, what, indexSchema)).manifests;
  } catch (error) {
    if (error instanceof CrossdockError && error.code === "registry") return undefined;
    throw error;
  }
}

/**
 * The entries under the fallback tag. GitLab has been seen to resolve that tag to the subject itself, so it counts only when
 * it is an index and not the subject.
 */
async function readFallback(
  context: RepositoryContext,
  subject: Digest,
  options: CallOptions,
): Promise<Descriptor[] | undefined> {
  const content = await fetchManifest(context, referrersTag(subject), options);
  if (!content || content.digest === subject) return undefined;
  const manifest = parseManifest(content.bytes, content.mediaType);
  if (manifest.kind !== "index") return undefined;
  return manifest.manifests.filter((descriptor) => descriptor.digest !== subject);
}
