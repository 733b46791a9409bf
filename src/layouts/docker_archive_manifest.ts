/**
 * The `manifest.json` of a docker archive, which lists its images.
 * https://github.com/moby/docker-image-spec/blob/v1.3.1/v1.2.md#combined-image-json--filesystem-changeset-format
 */
import * as z from "zod";
import { CrossdockError } from "../errors.ts";
import { quote } from "../oci/quote.ts";
import { formatIssues, safeParse } from "../schema.ts";

export const DOCKER_MANIFEST_FILE = "manifest.json";

const imageSchema = z.object({
  Config: z.string().min(1),
  RepoTags: z.array(z.string()).nullish().transform((tags) => tags ?? []),
  Layers: z.array(z.string().min(1)).nullish().transform((layers) => layers ?? []),
});

/** One image of the archive. The paths are entries of the archive. */
export type ArchivedImage = z.output<typeof imageSchema>;

/** The names of images in a message. */
const MAX_SHOWN = 10;
const NAME_HINT = "add the name or the position of one: FILE:NAME:TAG or FILE:@0";

/**
 * Parses `manifest.json`.
 *
 * @param what for messages: `read app.tar: "manifest.json"`
 * @throws CrossdockError `unsupported` for any other content
 */
export function parseDockerManifest(bytes: Uint8Array, what: string): ArchivedImage[] {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new CrossdockError("unsupported", `${what}: it is not valid JSON`, { cause });
  }
  const parsed = safeParse(z.array(imageSchema), json);
  if (parsed.success) return parsed.data.map(normalisePaths);
  throw new CrossdockError("unsupported", `${what}: ${formatIssues(parsed.error.issues)}`);
}

/** podman and old versions of docker write `./` in front of paths. */
function normalisePaths({ Config, RepoTags, Layers }: ArchivedImage): ArchivedImage {
  const normalise = (path: string): string => path.replace(/^(\.\/)+/, "");
  return { Config: normalise(Config), RepoTags, Layers: Layers.map(normalise) };
}

/**
 * Selects an image.
 *
 * @param name `NAME`, `@N` for a position from 0, or `undefined` for the only image
 * @returns `undefined` if no image has the name
 * @throws CrossdockError `usage` if several images match; `not_found` for a position that the archive lacks
 */
export function selectImage(
  images: readonly ArchivedImage[],
  { name, tag, what }: {
    readonly name: string | undefined;
    readonly tag: string;
    readonly what: string;
  },
): ArchivedImage | undefined {
  if (name === undefined) {
    if (images.length === 1) return images[0];
    throw ambiguous(images, `${what}: it has ${images.length} images`);
  }
  if (/^@\d+$/.test(name)) {
    const image = images[Number(name.slice(1))];
    if (image) return image;
    throw noSuchImage(images, `${what}: it has no image ${name}`);
  }
  const wanted = toFullName(`${name}:${tag}`);
  const found = images.filter(({ RepoTags }) =>
    RepoTags.some((name) => toFullName(name) === wanted)
  );
  if (found.length > 1) throw ambiguous(images, `${what}: ${found.length} images are ${wanted}`);
  return found[0];
}

function ambiguous(images: readonly ArchivedImage[], message: string): CrossdockError {
  if (images.length === 0) return new CrossdockError("not_found", message);
  return new CrossdockError("usage", `${message}: ${showImages(images)}`, { hint: NAME_HINT });
}

/** The error for a name or position that no image has. */
export function noSuchImage(images: readonly ArchivedImage[], message: string): CrossdockError {
  const found = images.length === 0 ? "no images" : showImages(images);
  return new CrossdockError("not_found", `${message}; it has ${found}`, { hint: NAME_HINT });
}

function showImages(images: readonly ArchivedImage[]): string {
  const names = images.slice(0, MAX_SHOWN).map(({ RepoTags }, i) =>
    `@${i}${RepoTags.length > 0 ? ` (${RepoTags.map((name) => quote(name)).join(", ")})` : ""}`
  );
  if (images.length > MAX_SHOWN) names.push(`… ${images.length - MAX_SHOWN} more`);
  return names.join(", ");
}

/** The tags of a repository, or the full names of all images. */
export function listImageTags(
  images: readonly ArchivedImage[],
  name: string | undefined,
): string[] {
  const names = images.flatMap(({ RepoTags }) => RepoTags);
  if (name === undefined || name.startsWith("@")) return [...new Set(names)].sort();
  const prefix = toFullName(`${name}:`);
  return names.map(toFullName).filter((full) => full.startsWith(prefix))
    .map((full) => full.slice(prefix.length)).sort();
}

/** `app:1` is `docker.io/library/app:1` in full, and docker, skopeo and podman write different forms. */
function toFullName(name: string): string {
  const slash = name.indexOf("/");
  const host = slash < 0 ? "" : name.slice(0, slash);
  const isHost = /[.:]/.test(host) || host === "localhost";
  const path = isHost ? name.slice(slash + 1) : name;
  const registry = isHost && host !== "index.docker.io" ? host : "docker.io";
  if (registry !== "docker.io") return `${registry}/${path}`;
  return `docker.io/${path.includes("/") ? path : `library/${path}`}`;
}
