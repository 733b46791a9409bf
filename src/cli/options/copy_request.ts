/** Turns the flags of `copy`, `plan` and `verify` into a copy request. */
import { parseCopyRequest } from "../../copy/request.ts";
import type { CopyRequest, CopyRequestInput } from "../../copy/request.ts";
import { ParseError } from "../../errors.ts";
import { parseReference } from "../../oci/reference.ts";
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
  const { platform, index, referrers, digestTags, foreignLayers, verify, ifExists, recheck } =
    flags;
  const { referrerSource, referrerDestination } = flags;
  rejectArchiveFlags(source, destination, flags);
  if (referrers === false && (referrerSource ?? referrerDestination) !== undefined) {
    const option = referrerSource === undefined ? "--referrer-destination" : "--referrer-source";
    throw new ParseError(`${option} and --no-referrers cannot be combined`);
  }
  return parseCopyRequest({
    source,
    destination,
    ...(isDockerArchive(destination) ? ONE_IMAGE : {}),
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
  });
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
