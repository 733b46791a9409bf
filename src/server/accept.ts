/** Chooses the media type of a response by `Accept`. https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1 */

/**
 * A part of a list whose separators may stand within quoted strings:
 *
 *     Accept        = #( media-range [ weight ] )
 *     media-range   = ( "*" "/" "*" / type "/" "*" / type "/" subtype ) *( OWS ";" OWS parameter )
 *     weight        = OWS ";" OWS "q=" qvalue
 *
 * A string without an end ends with the header, so that the scan takes linear time.
 */
const QUOTED = String.raw`"(?:[^"\\]|\\.?)*(?:"|$)`;
const ELEMENT = new RegExp(`(?:[^,"]|${QUOTED})+`, "g");
const PARAMETER = new RegExp(`(?:[^;"]|${QUOTED})+`, "g");

const MEDIA_RANGE = /^(?:\*\/\*|[^\s/*]+\/(?:\*|[^\s/*]+))$/;
const WEIGHT = /^q\s*=\s*(0(?:\.\d*)?|1(?:\.0*)?)$/i;

interface MediaRange {
  /** In lower case. */
  readonly name: string;
  /** From 0, not acceptable, to 1. */
  readonly weight: number;
}

/**
 * Returns the media type that the client prefers, `undefined` if it accepts none. Of types with the same weight, one that is named
 * wins over one that only a wildcard matches, then the one that the client names first. Parameters such as a charset are ignored.
 *
 * @param accept the header. Without it, the client accepts everything
 * @param offers media types in lower case, in the order of the server's preference
 */
export function chooseMediaType<MediaType extends string>(
  accept: string | undefined,
  offers: readonly MediaType[],
): MediaType | undefined {
  if (accept === undefined || accept.trim() === "") return offers[0];
  const ranges = (accept.match(ELEMENT) ?? []).flatMap(parseRange);
  const acceptable = offers.flatMap((mediaType) => {
    const match = findMatch(ranges, mediaType);
    return match && match.weight > 0 ? [{ mediaType, ...match }] : [];
  });
  const [best] = acceptable.sort((a, b) =>
    b.weight - a.weight || a.wildcards - b.wildcards || a.position - b.position
  );
  return best?.mediaType;
}

/** Skips an element that is not a media range, or whose weight is none. */
function parseRange(element: string): MediaRange[] {
  const [name = "", ...parameters] = (element.match(PARAMETER) ?? []).map((part) => part.trim());
  if (!MEDIA_RANGE.test(name)) return [];
  const weight = parameters.find((parameter) => /^q\s*=/i.test(parameter)) ?? "q=1";
  const value = WEIGHT.exec(weight)?.[1];
  return value === undefined ? [] : [{ name: name.toLowerCase(), weight: Number(value) }];
}

/** The most specific range that matches decides. */
function findMatch(
  ranges: readonly MediaRange[],
  mediaType: string,
): { weight: number; wildcards: number; position: number } | undefined {
  const names = [mediaType, mediaType.replace(/\/.*/, "/*"), "*/*"];
  for (const [wildcards, name] of names.entries()) {
    const same = ranges.filter((range) => range.name === name);
    if (same.length === 0) continue;
    const weight = Math.max(...same.map((range) => range.weight));
    return { weight, wildcards, position: ranges.findIndex((range) => range.name === name) };
  }
  return undefined;
}
