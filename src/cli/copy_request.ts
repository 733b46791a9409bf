/** A copy as the flags of `copy` and `plan` describe it. */
import type { CopyRequestInput } from "../copy/request.ts";

/** The options of `copy` and `plan` that are about what is copied. */
export interface CopyFlags {
  readonly platform?: string[] | undefined;
  readonly index?: CopyRequestInput["index"];
  readonly referrers?: boolean | undefined;
  readonly digestTags?: boolean | undefined;
  readonly foreignLayers?: boolean | undefined;
  readonly verify?: CopyRequestInput["verify"];
  readonly ifExists?: CopyRequestInput["ifExists"];
}

/** What is not said is left out, so that the engine's defaults are the only ones. */
export function toCopyRequest(
  source: string,
  destination: string,
  flags: CopyFlags,
): CopyRequestInput {
  const { platform, index, referrers, digestTags, foreignLayers, verify, ifExists } = flags;
  return {
    source,
    destination,
    ...(platform ? { platforms: platform } : {}),
    ...(index ? { index } : {}),
    ...(referrers === undefined ? {} : { referrers }),
    ...(digestTags === undefined ? {} : { digestTags }),
    ...(foreignLayers === undefined ? {} : { foreignLayers }),
    ...(verify ? { verify } : {}),
    ...(ifExists ? { ifExists } : {}),
  };
}
