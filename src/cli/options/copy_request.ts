/** Turns the flags of `copy`, `plan` and `verify` into a copy request. */
import { parseCopyRequest } from "../../copy/request.ts";
import type { CopyRequest } from "../../copy/request.ts";
import { ParseError } from "../../errors.ts";
import type { ValuesOf } from "./add_options.ts";
import type { CONTENT_OPTIONS, COPY_OPTIONS } from "./options.ts";

/** The flags for the content of a copy; `verify` has some of them. */
export type CopyFlags = ValuesOf<[...typeof CONTENT_OPTIONS, ...typeof COPY_OPTIONS]>;

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
  if (referrers === false && (referrerSource ?? referrerDestination) !== undefined) {
    const option = referrerSource === undefined ? "--referrer-destination" : "--referrer-source";
    throw new ParseError(`${option} and --no-referrers cannot be combined`);
  }
  return parseCopyRequest({
    source,
    destination,
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
