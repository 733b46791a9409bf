/** A copy as the flags of `copy`, `plan` and `verify` describe it. */
import { parseCopyRequest } from "../../copy/request.ts";
import type { CopyRequest, CopyRequestInput } from "../../copy/request.ts";
import { ParseError } from "../../errors.ts";
import { destinationFlags, sourceFlags } from "./side_flags.ts";
import type { DestinationFlags, SourceFlags } from "./side_flags.ts";
import type { SideInput } from "./side_options.ts";

/** The options that are about what is copied; `verify` has some of them. */
export interface CopyFlags {
  readonly platform?: string[] | undefined;
  readonly index?: CopyRequestInput["index"];
  readonly referrers?: boolean | undefined;
  readonly referrerSource?: string | undefined;
  readonly referrerDestination?: string | undefined;
  readonly digestTags?: boolean | undefined;
  readonly foreignLayers?: boolean | undefined;
  readonly verify?: CopyRequestInput["verify"];
  readonly ifExists?: CopyRequestInput["ifExists"];
  readonly recheck?: boolean | undefined;
}

/**
 * What is not said is left out, so that the engine's defaults are the only ones.
 *
 * @throws ParseError for a name that cannot be parsed, and for repositories of referrers that are left behind
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
    throw new ParseError(`${option} and --no-referrers exclude each other: give one of them`);
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

/** The sides of a copy, with the flags about each. */
export function toSides(
  { source, destination, referrerSource, referrerDestination }: CopyRequest,
  flags: SourceFlags & DestinationFlags,
): { readonly source: SideInput; readonly destination: SideInput } {
  return {
    source: { named: sourceFlags(flags), name: source, referrers: referrerSource },
    destination: {
      named: destinationFlags(flags),
      name: destination,
      referrers: referrerDestination,
    },
  };
}
