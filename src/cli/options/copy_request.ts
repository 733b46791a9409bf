/** Turns the flags of `copy`, `plan` and `verify` into a copy request. */
import { parseCopyRequest } from "../../copy/request.ts";
import type { CopyRequest, CopyRequestInput } from "../../copy/request.ts";
import { ParseError } from "../../errors.ts";
import { formatReference, isTag, parseReference } from "../../oci/reference.ts";
import type { ValuesOf } from "./add_options.ts";
import type { ARCHIVE_OPTIONS, CONTENT_OPTIONS, COPY_OPTIONS } from "./options.ts";
import { localPlatform } from "./parse_option.ts";

/** The flags for the content of a copy; `verify` has some of them. */
export type CopyFlags =
  & ValuesOf<[...typeof CONTENT_OPTIONS, ...typeof COPY_OPTIONS]>
  & ValuesOf<typeof ARCHIVE_OPTIONS>;

/** A docker archive has no indexes, and no referrers and digest tags: it gets the image that this machine would run. */
const ONE_IMAGE: Omit<CopyRequestInput, "source" | "destination"> = {
  platforms: [localPlatform()],
  index: "unwrap",
  referrers: false,
  digestTags: false,
};

/**
 * Makes the request. A flag that is not set is left out, so that only the engine has defaults.
 *
 * @throws ParseError for an invalid name, and for a repository of referrers if referrers are left out
 */
export function toCopyRequest(
  source: string,
  destination: string,
  flags: CopyFlags,
): CopyRequest {
  const { platform, index, referrers, digestTags, foreignLayers, verify, ifExists, recheck, fast } =
    flags;
  if (fast && recheck) throw new ParseError("--fast and --recheck cannot be combined");
  const { referrerSource, referrerDestination } = flags;
  const { name, additionalTags } = readTags(destination, flags.additionalTag);
  rejectArchiveFlags(source, name, flags);
  if (referrers === false && (referrerSource ?? referrerDestination) !== undefined) {
    const option = referrerSource === undefined ? "--referrer-destination" : "--referrer-source";
    throw new ParseError(`${option} and --no-referrers cannot be combined`);
  }
  return parseCopyRequest({
    source,
    destination: name,
    ...(additionalTags.length > 0 ? { additionalTags } : {}),
    ...(isDockerArchive(name) ? ONE_IMAGE : {}),
    ...(platform ? { platforms: platform } : {}),
    ...(index ? { index } : {}),
    ...(referrers === undefined ? {} : { referrers }),
    ...(referrerSource === undefined ? {} : { referrerSource }),
    ...(referrerDestination === undefined ? {} : { referrerDestination }),
    ...(digestTags === undefined ? {} : { digestTags }),
    ...(foreignLayers === undefined ? {} : { foreignLayers }),
    ...(verify ? { verify } : {}),
    ...(ifExists ? { ifExists } : {}),
    ...(recheck === undefined ? {} : { recheck }),
    ...(fast === undefined ? {} : { fastCheck: fast }),
  });
}

/** A folder or file without a tag. Its path may contain commas. */
const UNTAGGED_PATH = /^dir:|^(oci|ocidir|oci-archive|docker-archive):[^:]*$/;

/**
 * Reads several tags: `repository:a,b,c` as oras writes them, and `--additional-tag`.
 *
 * @returns the destination with at most one tag, and the others
 */
function readTags(
  destination: string,
  additional: readonly string[] = [],
): { name: string; additionalTags: string[] } {
  const [, start = "", list = "", digest = ""] =
    /^([^@]*:)([^:/@]*,[^:/@]*)(@.*)?$/.exec(destination) ?? [];
  const [first = "", ...others] = list.split(",");
  const name = list === "" || UNTAGGED_PATH.test(destination)
    ? destination
    : `${start}${first}${digest}`;
  const tags = name === destination ? [] : others;
  const wrong = tags.find((tag) => !isTag(tag));
  if (wrong !== undefined) {
    throw new ParseError(
      `parse reference ${JSON.stringify(destination)}: its tag ${
        JSON.stringify(wrong)
      } is malformed`,
    );
  }
  const additionalTags = [...tags, ...additional.map((text) => toTag(text, name))];
  if (additionalTags.length > 0) rejectUntagged(name);
  return { name, additionalTags };
}

/** @throws ParseError for a destination without tags */
function rejectUntagged(destination: string): void {
  const { registry, repository } = parseReference(destination);
  const isDir = registry.startsWith("dir:");
  if (!isDir && !(registry.startsWith("docker-archive:") && repository === "")) return;
  throw new ParseError(`${registry} has no tags`, {
    hint: isDir ? "use oci:PATH:TAG" : "give the image a name: docker-archive:FILE:NAME:TAG",
  });
}

/** skopeo's `--additional-tag` has the name of the image before the tag. */
function toTag(text: string, destination: string): string {
  if (isTag(text)) return text;
  const { registry, repository } = parseReference(destination);
  const colon = text.lastIndexOf(":");
  const [name, tag] = [text.slice(0, colon), text.slice(colon + 1)];
  const isSame = repository !== "" && [repository, `${registry}/${repository}`].includes(name);
  if (isSame && isTag(tag)) return tag;
  throw new ParseError(
    `--additional-tag: expected a tag of ${formatReference({ registry, repository })}, got ${
      JSON.stringify(text)
    }`,
    { hint: "write only the tag, without a name; repeat the option for each tag" },
  );
}

function isDockerArchive(name: string): boolean {
  return parseReference(name).registry.startsWith("docker-archive:");
}

/** @throws ParseError for a flag that an archive, or only a docker archive, has no use for */
function rejectArchiveFlags(
  source: string,
  destination: string,
  { compress, format, ifExists = "overwrite" }: CopyFlags,
): void {
  if ((compress ?? format) !== undefined && !isDockerArchive(source)) {
    const option = compress === undefined ? "--format" : "--compress";
    throw new ParseError(`${option} is only for a source docker-archive:FILE`, {
      hint: "leave it out: manifests and layers are copied unchanged",
    });
  }
  if (ifExists !== "overwrite" && /^[a-z]+-archive:/.test(parseReference(destination).registry)) {
    throw new ParseError(
      `--if-exists ${ifExists} is not for an archive, which is replaced as a whole`,
    );
  }
}
