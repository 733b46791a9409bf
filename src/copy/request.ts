/** What somebody wants copied, as it comes in from a command line, an HTTP body or a rule. */
import * as z from "zod";
import { CrossdockError, ParseError } from "../errors.ts";
import { parsePlatform } from "../oci/platform.ts";
import type { Platform } from "../oci/platform.ts";
import { parseReference, parseRepository, withDefaultTag } from "../oci/reference.ts";
import type { Reference } from "../oci/reference.ts";
import { formatIssues } from "../schema.ts";

const referrerFilter = z.strictObject({
  artifactType: z.string().max(255).optional(),
  annotations: z.record(z.string(), z.string()).optional().meta({
    description: "all of these have to be there; an empty value stands for any",
  }),
}).meta({ id: "ReferrerFilter", description: "What a referrer has to have" });

/** What a referrer has to have. */
export type ReferrerFilter = z.output<typeof referrerFilter>;

const copyOptions = {
  platforms: z.array(z.string()).optional().meta({
    description: "`os/architecture[/variant]`, those to copy; all of an index without",
  }),
  index: z.enum(["rebuild", "sparse", "refuse", "unwrap"]).optional().meta({
    description:
      "what becomes of an index of which only some platforms are copied: `rebuild` makes one of those (a new digest), " +
      "`sparse` keeps it as it is with children missing, `refuse` fails, `unwrap` has the image of the one platform that is " +
      "asked for take its place. Default `rebuild`",
  }),
  referrers: z.boolean().optional().meta({
    description:
      "whether what refers to a manifest (signatures, SBOMs, attestations) comes along. Default `true`",
  }),
  referrerFilters: z.array(referrerFilter).max(64).optional().meta({
    description: "which referrers: those that any of these fits. Default: all",
  }),
  referrerSource: z.string().optional().meta({
    description:
      "`registry/repository`, where referrers are listed and read. Default: the source's repository",
  }),
  referrerDestination: z.string().optional().meta({
    description: "`registry/repository`, where referrers go. Default: the destination's repository",
  }),
  digestTags: z.boolean().optional().meta({
    description:
      "whether cosign's tags `sha256-….sig`, `.att` and `.sbom` come along. Default `true`",
  }),
  verify: z.enum(["auto", "stream", "destination"]).optional().meta({
    description:
      "who checks a blob's digest: `stream` hashes it here as it passes, `destination` leaves it to the registry that takes " +
      "it, `auto` is `stream` but for a blob above 8 MiB whose destination is known to check. Default `auto`",
  }),
  ifExists: z.enum(["overwrite", "skip", "fail"]).optional().meta({
    description:
      "what happens to a tag that the destination has with another digest. Default `overwrite`",
  }),
  recheck: z.boolean().optional().meta({
    description:
      "whether an image that the destination has under its name is gone through to the last blob all the same, and what is " +
      "missing beneath it copied. Default `false`",
  }),
  foreignLayers: z.boolean().optional().meta({
    description:
      "whether layers that live at a URL outside the registry are fetched from there. Default `false`: left where they are",
  }),
};

/** The body of a copy: references, and the options of `crossdock copy` in camel case. */
export const copyRequestSchema = z.strictObject({
  source: z.string(),
  destination: z.string(),
  ...copyOptions,
});

/** A copy as its caller writes it. */
export type CopyRequestInput = z.input<typeof copyRequestSchema>;

/** A comparison takes the options of a copy that decide what has to be at the destination. */
export const comparisonSchema = copyRequestSchema.omit({
  verify: true,
  ifExists: true,
  recheck: true,
});

/** A comparison as its caller writes it. */
export type ComparisonInput = z.input<typeof comparisonSchema>;

/** Only `parseCopyRequest` sets it. JSON cannot have it. */
const PARSED = Symbol("parsed");

/** A copy that `parseCopyRequest` has checked, with its names parsed and its defaults filled in. */
export interface CopyRequest {
  readonly [PARSED]: true;
  /** As its caller wrote it. This is what another process is given. */
  readonly input: CopyRequestInput;
  readonly source: Reference;
  /** Has a tag or a digest. */
  readonly destination: Reference;
  /** Empty: all. */
  readonly platforms: readonly Platform[];
  readonly index: "rebuild" | "sparse" | "refuse" | "unwrap";
  readonly referrers: boolean;
  /** Empty: all. */
  readonly referrerFilters: readonly ReferrerFilter[];
  /** A repository, where referrers are not in the source's own. */
  readonly referrerSource?: Reference;
  /** A repository, where referrers do not go to the destination's own. */
  readonly referrerDestination?: Reference;
  readonly digestTags: boolean;
  readonly verify: "auto" | "stream" | "destination";
  readonly ifExists: "overwrite" | "skip" | "fail";
  readonly recheck: boolean;
  readonly foreignLayers: boolean;
}

/**
 * Checks a request and fills in what it leaves open. A source without tag and digest means `latest`; a destination without
 * them takes the source's tag, or its digest where it has no tag. What is said of repositories of referrers and comes to nothing
 * is left out: they are the image's own, or there are no referrers to copy. A request that was parsed before is returned as it is.
 *
 * @throws ParseError naming the field that is wrong
 */
export function parseCopyRequest(value: unknown): CopyRequest {
  if (isParsed(value)) return value;
  const result = copyRequestSchema.safeParse(value);
  if (!result.success) {
    throw new ParseError(`copy is not valid: ${formatIssues(result.error.issues)}`);
  }
  const input = result.data;
  const source = withDefaultTag(parseReference(input.source));
  const platforms = (input.platforms ?? []).map(parsePlatform);
  if (input.index === "unwrap" && platforms.length !== 1) {
    throw new CrossdockError(
      "usage",
      `copy with index unwrap: want one platform, got ${platforms.length}`,
      { field: "platforms", hint: "pick one with --platform" },
    );
  }
  const referrers = input.referrers ?? true;
  const destination = nameDestination(
    source,
    parseReference(input.destination),
    platforms.length > 0,
  );
  const referrerSource = readOther("referrerSource", input, source);
  const referrerDestination = readOther("referrerDestination", input, destination);
  return {
    [PARSED]: true,
    input,
    source,
    destination,
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
    foreignLayers: input.foreignLayers ?? false,
  };
}

function isParsed(value: unknown): value is CopyRequest {
  return typeof value === "object" && value !== null && PARSED in value;
}

/** A request as its caller wrote it, for another process. */
export function toCopyRequestInput(request: CopyRequestInput | CopyRequest): CopyRequestInput {
  return isParsed(request) ? request.input : request;
}

/** A repository that is another than the image's. */
function readOther(
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
      `copy to digest ${destination.digest}: the source is ${source.digest}, and a copy keeps its digest`,
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
