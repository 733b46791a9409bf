/** The request for a copy, as the command line, an HTTP body or a rule states it. */
import * as z from "zod";
import { CrossdockError, ParseError } from "../errors.ts";
import { parsePlatform } from "../oci/platform.ts";
import type { Platform } from "../oci/platform.ts";
import { parseReference, parseRepository, withDefaultTag } from "../oci/reference.ts";
import type { Reference } from "../oci/reference.ts";
import { formatIssues, safeParse } from "../schema.ts";
import { tagSchema } from "./step.ts";

/** Conditions for a referrer; all of them must match. */
export interface ReferrerFilter {
  /** Exact artifact type. */
  readonly artifactType?: string | undefined;
  /** Annotations that must all be present; an empty value matches any value. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** A copy request before parsing: two names, and the options of `crossdock copy` in camel case. */
export interface CopyRequestInput {
  /** Image to copy, as `registry/repository[:tag][@digest]`. Default tag: `latest`. */
  readonly source: string;
  /**
   * Name of the copy, as `registry/repository[:tag][@digest]`. A digest must be the one that the copy will have. Default tag:
   * the source's.
   */
  readonly destination: string;
  /** More tags of the copy, set in the last stage. Default: none. */
  readonly additionalTags?: readonly string[] | undefined;
  /** Check nothing else if the destination has the digest. Default: `false`. */
  readonly fastCheck?: boolean | undefined;
  /** Platforms to copy, as `os/architecture[/variant]`. Default: all. */
  readonly platforms?: readonly string[] | undefined;
  /**
   * How to copy an index if `platforms` selects only some of its entries: `rebuild` writes a new index of the selected
   * entries, with a new digest; `sparse` copies the index unchanged, without the other entries' manifests; `refuse` fails;
   * `unwrap` copies the image of the one selected platform in place of the index. Default: `rebuild`.
   */
  readonly index?: "rebuild" | "sparse" | "refuse" | "unwrap" | undefined;
  /** Copy the referrers of each manifest too: signatures, SBOMs, attestations. Default: `true`. */
  readonly referrers?: boolean | undefined;
  /** Copy only referrers that match at least one of these filters. Default: all. */
  readonly referrerFilters?: readonly ReferrerFilter[] | undefined;
  /** Repository to read referrers from, as `registry/repository`. Default: the repository of `source`. */
  readonly referrerSource?: string | undefined;
  /** Repository to write referrers to, as `registry/repository`. Default: the repository of `destination`. */
  readonly referrerDestination?: string | undefined;
  /** Copy cosign's tags `sha256-….sig`, `.att` and `.sbom` of each manifest too. Default: `true`. */
  readonly digestTags?: boolean | undefined;
  /**
   * Where the digest of a blob is checked: `stream` hashes the bytes during the transfer; `destination` relies on the
   * destination registry; `auto` hashes, except for a blob above 8 MiB if the destination is known to check. Default: `auto`.
   */
  readonly verify?: "auto" | "stream" | "destination" | undefined;
  /**
   * What to do if the destination has the tag with another digest: move the tag, skip the copy or fail. Default: `overwrite`.
   */
  readonly ifExists?: "overwrite" | "skip" | "fail" | undefined;
  /**
   * Check every manifest and blob at the destination, even if its tag already has the right digest, and copy the missing ones.
   * Default: `false`.
   */
  readonly recheck?: boolean | undefined;
  /** Copy foreign layers too, which are stored at a URL outside the registry. Default: `false`. */
  readonly foreignLayers?: boolean | undefined;
}

/** A comparison request before parsing. It has the options of a copy that determine the content of the destination. */
export type ComparisonInput = Omit<
  CopyRequestInput,
  "verify" | "ifExists" | "recheck" | "fastCheck"
>;

const referrerFilter = z.strictObject({
  artifactType: z.string().max(255).optional().meta({ description: "exact artifact type" }),
  annotations: z.record(z.string(), z.string()).optional().meta({
    description: "annotations that must all be present; an empty value matches any value",
  }),
}).meta({ id: "ReferrerFilter", description: "Conditions for a referrer; all of them must match" });

const copyOptions = {
  platforms: z.array(z.string()).optional().meta({
    description: "platforms to copy, as `os/architecture[/variant]`. Default: all",
  }),
  index: z.enum(["rebuild", "sparse", "refuse", "unwrap"]).optional().meta({
    description:
      "how to copy an index if `platforms` selects only some of its entries: `rebuild` writes a new index of the selected " +
      "entries, with a new digest; `sparse` copies the index unchanged, without the other entries' manifests; `refuse` fails; " +
      "`unwrap` copies the image of the one selected platform in place of the index. Default: `rebuild`",
  }),
  referrers: z.boolean().optional().meta({
    description:
      "copy the referrers of each manifest too: signatures, SBOMs, attestations. Default: `true`",
  }),
  referrerFilters: z.array(referrerFilter).max(64).optional().meta({
    description: "copy only referrers that match at least one of these filters. Default: all",
  }),
  referrerSource: z.string().optional().meta({
    description:
      "repository to read referrers from, as `registry/repository`. Default: the repository of `source`",
  }),
  referrerDestination: z.string().optional().meta({
    description:
      "repository to write referrers to, as `registry/repository`. Default: the repository of `destination`",
  }),
  digestTags: z.boolean().optional().meta({
    description:
      "copy cosign's tags `sha256-….sig`, `.att` and `.sbom` of each manifest too. Default: `true`",
  }),
  verify: z.enum(["auto", "stream", "destination"]).optional().meta({
    description:
      "where the digest of a blob is checked: `stream` hashes the bytes during the transfer; `destination` relies on the " +
      "destination registry; `auto` hashes, except for a blob above 8 MiB if the destination is known to check. Default: `auto`",
  }),
  ifExists: z.enum(["overwrite", "skip", "fail"]).optional().meta({
    description:
      "what to do if the destination has the tag with another digest: move the tag, skip the copy or fail. Default: `overwrite`",
  }),
  recheck: z.boolean().optional().meta({
    description:
      "check every manifest and blob at the destination, even if its tag already has the right digest, and copy the missing " +
      "ones. Default: `false`",
  }),
  foreignLayers: z.boolean().optional().meta({
    description:
      "copy foreign layers too, which are stored at a URL outside the registry. Default: `false`",
  }),
};

/** The body of a copy request: two references, and the options of `crossdock copy` in camel case. */
export const copyRequestSchema = z.strictObject({
  source: z.string().meta({
    description: "image to copy, as `registry/repository[:tag][@digest]`. Default tag: `latest`",
  }),
  destination: z.string().meta({
    description:
      "name of the copy, as `registry/repository[:tag][@digest]`. A digest must be the one that the copy will have. Default " +
      "tag: the source's",
  }),
  additionalTags: z.array(tagSchema).max(100).optional().meta({
    description: "more tags of the copy, set in the last stage. Default: none",
  }),
  fastCheck: z.boolean().optional().meta({
    description:
      "check nothing else if the destination has the digest; not together with `recheck`. Default: `false`",
  }),
  ...copyOptions,
});

/** Set only by `parseCopyRequest`. A symbol cannot come from JSON. */
const PARSED = Symbol("parsed");

/** A copy request that `parseCopyRequest` has checked. Its names are parsed and its defaults are filled in. */
export interface CopyRequest {
  /**
   * @internal
   */
  readonly [PARSED]: true;
  /** The request before parsing, to send to another process. */
  readonly input: CopyRequestInput;
  /** The image to copy. */
  readonly source: Reference;
  /** Has a tag or a digest, unless the source has only a digest and `platforms` are selected. */
  readonly destination: Reference;
  /** More tags in the repository of the destination. Absent if there are none, so that the id of a durable copy stays the same. */
  readonly additionalTags?: readonly string[];
  /** Empty for all. */
  readonly platforms: readonly Platform[];
  /** How an index is copied if `platforms` selects only some of its entries. */
  readonly index: "rebuild" | "sparse" | "refuse" | "unwrap";
  /** Whether referrers are copied. */
  readonly referrers: boolean;
  /** Empty for all. */
  readonly referrerFilters: readonly ReferrerFilter[];
  /** The repository to read referrers from, if it is not the source's. */
  readonly referrerSource?: Reference;
  /** The repository to write referrers to, if it is not the destination's. */
  readonly referrerDestination?: Reference;
  /** Whether cosign's tags are copied. */
  readonly digestTags: boolean;
  /** Where the digest of a blob is checked. */
  readonly verify: "auto" | "stream" | "destination";
  /** What to do if the destination has the tag with another digest. */
  readonly ifExists: "overwrite" | "skip" | "fail";
  /** Whether everything at the destination is checked, even if its tag has the right digest. */
  readonly recheck: boolean;
  /** Absent if it is off, so that the id of a durable copy stays the same. */
  readonly fastCheck?: true;
  /** Whether foreign layers are copied. */
  readonly foreignLayers: boolean;
}

/**
 * Checks a request and fills in its defaults. A source without tag and digest means `latest`. A destination without them takes
 * the source's tag, or the source's digest if that has no tag. `referrerSource` and `referrerDestination` are dropped if they
 * equal the image's own repository, or if `referrers` is off. A request that is already parsed is returned unchanged.
 *
 * @throws ParseError naming the wrong field
 * @throws CrossdockError `usage` for fields that contradict each other
 */
export function parseCopyRequest(value: unknown): CopyRequest {
  if (isParsed(value)) return value;
  const result = safeParse(copyRequestSchema, value);
  if (!result.success) {
    throw new ParseError(`invalid copy request: ${formatIssues(result.error.issues)}`);
  }
  const input = result.data;
  const source = withDefaultTag(parseReference(input.source));
  const platforms = (input.platforms ?? []).map(parsePlatform);
  if (input.index === "unwrap" && platforms.length !== 1) {
    throw new CrossdockError(
      "usage",
      `copy with index "unwrap": expected one platform, got ${platforms.length}`,
      { field: "platforms", hint: "select one with --platform" },
    );
  }
  if (input.fastCheck && input.recheck) {
    throw new CrossdockError("usage", "fastCheck and recheck cannot be combined", {
      field: "fastCheck",
    });
  }
  const referrers = input.referrers ?? true;
  const destination = nameDestination(
    source,
    parseReference(input.destination),
    platforms.length > 0,
  );
  // In one order, so that equal requests are one durable copy.
  const additionalTags = [...new Set(input.additionalTags)]
    .filter((tag) => tag !== destination.tag).sort();
  const referrerSource = parseReferrerRepository("referrerSource", input, source);
  const referrerDestination = parseReferrerRepository("referrerDestination", input, destination);
  return {
    [PARSED]: true,
    input,
    source,
    destination,
    ...(additionalTags.length > 0 ? { additionalTags } : {}),
    platforms,
    index: input.index ?? "rebuild",
    referrers,
    referrerFilters: input.referrerFilters ?? [],
    ...(referrers && referrerSource ? { referrerSource } : {}),
    ...(referrers && referrerDestination ? { referrerDestination } : {}),
    digestTags: input.digestTags ?? true,
    verify: input.verify ?? "auto",
    ifExists: input.ifExists ?? "overwrite",
    recheck: input.recheck ?? false,
    ...(input.fastCheck ? { fastCheck: true } : {}),
    foreignLayers: input.foreignLayers ?? false,
  };
}

function isParsed(value: unknown): value is CopyRequest {
  return typeof value === "object" && value !== null && PARSED in value;
}

/** The request before parsing, to send to another process. */
export function toCopyRequestInput(request: CopyRequestInput | CopyRequest): CopyRequestInput {
  return isParsed(request) ? request.input : request;
}

/** The repository in a field, or `undefined` if it is the image's own. */
function parseReferrerRepository(
  field: "referrerSource" | "referrerDestination",
  { [field]: text }: CopyRequestInput,
  image: Reference,
): Reference | undefined {
  if (text === undefined) return undefined;
  const other = parseField(field, text);
  const isSame = other.registry === image.registry && other.repository === image.repository;
  return isSame ? undefined : other;
}

function parseField(field: string, text: string): Reference {
  try {
    return parseRepository(text);
  } catch (cause) {
    if (!(cause instanceof ParseError)) throw cause;
    const { message, hint } = cause;
    throw new CrossdockError("usage", `${field}: ${message}`, { cause, field, hint });
  }
}

function nameDestination(source: Reference, destination: Reference, isSubset: boolean): Reference {
  if (destination.digest && source.digest && destination.digest !== source.digest && !isSubset) {
    throw new CrossdockError(
      "usage",
      `copy to digest ${destination.digest}: the source has digest ${source.digest}, and a copy keeps it`,
      { field: "destination", hint: "leave the digest out of the destination" },
    );
  }
  if (destination.tag || destination.digest) return destination;
  return {
    ...destination,
    ...(source.tag ? { tag: source.tag } : {}),
    ...(!source.tag && source.digest && !isSubset ? { digest: source.digest } : {}),
  };
}
