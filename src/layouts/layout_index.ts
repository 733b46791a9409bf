/**
 * Reads and changes the `index.json` of an OCI layout. Members that crossdock does not know stay unchanged.
 * https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md#indexjson-file
 */
import { CrossdockError } from "../errors.ts";
import { parseDescriptor } from "../oci/descriptor.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { OCI_INDEX } from "../oci/media_types.ts";

const REF_NAME = "org.opencontainers.image.ref.name";
/** The full name, which containerd and `docker save` write beside the tag. */
const CONTAINERD_NAME = "io.containerd.image.name";

/** One entry of `index.json`. */
export interface IndexEntry {
  readonly descriptor: Descriptor;
  /** The tag, or a full name such as `docker.io/library/app:1`. */
  readonly refName?: string;
  /** The full name, if the tag is separate. */
  readonly fullName?: string;
}

type Json = { [member: string]: unknown };

/**
 * Parses `index.json`.
 *
 * @param what names the file for messages: `read index.json in ./app`
 * @throws CrossdockError `unsupported` for anything but an index
 */
export function parseLayoutIndex(bytes: Uint8Array, what: string): IndexEntry[] {
  const { manifests } = parseIndexJson(bytes, what);
  return manifests.map((value, i) => {
    const descriptor = inFile(what, () => parseDescriptor(value, `manifests[${i}]`));
    const { [REF_NAME]: refName, [CONTAINERD_NAME]: fullName } = descriptor.annotations ?? {};
    return {
      descriptor,
      ...(refName ? { refName } : {}),
      ...(fullName ? { fullName } : {}),
    };
  });
}

/** Finds the entry with a name. */
export function findEntry(entries: readonly IndexEntry[], name: string): IndexEntry | undefined {
  return entries.find(({ refName }) => refName === name);
}

export interface NewEntry {
  readonly descriptor: Descriptor;
  readonly refName?: string | undefined;
  /** Untagged entries that are dropped, because the new one includes them. */
  readonly children?: ReadonlySet<Digest>;
}

/**
 * Adds an entry. Its name is taken away from the entry that has it. An untagged entry is added only if no entry has its digest.
 *
 * @param bytes `undefined` for a new index
 * @returns `undefined` if nothing changes
 */
export function addIndexEntry(
  bytes: Uint8Array | undefined,
  { descriptor, refName, children = new Set() }: NewEntry,
  what: string,
): Uint8Array<ArrayBuffer> | undefined {
  const { digest } = descriptor;
  return changeIndex(bytes, what, (entries) => {
    const hasDigest = entries.some((entry) => entry["digest"] === digest);
    if (refName === undefined && hasDigest) return entries;
    const isSame = entries.some((entry) => entry["digest"] === digest && nameOf(entry) === refName);
    if (isSame) return entries;
    const kept = entries.filter((entry) => {
      const name = nameOf(entry);
      if (name !== undefined) return name !== refName;
      return entry["digest"] !== digest && !children.has(entry["digest"] as Digest);
    });
    const { mediaType, size, artifactType, platform, annotations } = descriptor;
    const all = { ...annotations, ...(refName === undefined ? {} : { [REF_NAME]: refName }) };
    kept.push({
      mediaType,
      digest,
      size,
      ...(Object.keys(all).length > 0 ? { annotations: all } : {}),
      ...(platform ? { platform } : {}),
      ...(artifactType ? { artifactType } : {}),
    });
    return kept;
  });
}

/** Removes the entries with a name. `undefined` if there are none. */
export function removeIndexEntry(
  bytes: Uint8Array | undefined,
  refName: string,
  what: string,
): Uint8Array<ArrayBuffer> | undefined {
  return changeIndex(bytes, what, (entries) => {
    const kept = entries.filter((entry) => nameOf(entry) !== refName);
    return kept.length === entries.length ? entries : kept;
  });
}

/** @param change returns the same array if nothing changes */
function changeIndex(
  bytes: Uint8Array | undefined,
  what: string,
  change: (entries: Json[]) => Json[],
): Uint8Array<ArrayBuffer> | undefined {
  const index = bytes ? parseIndexJson(bytes, what) : { manifests: [] };
  const before = index.manifests as Json[];
  const manifests = change(before);
  if (manifests === before && bytes) return undefined;
  const json = { schemaVersion: 2, mediaType: OCI_INDEX, ...index, manifests };
  return new TextEncoder().encode(JSON.stringify(json)) as Uint8Array<ArrayBuffer>;
}

function parseIndexJson(bytes: Uint8Array, what: string): Json & { manifests: unknown[] } {
  const json = parseJsonFile(bytes, what);
  const { schemaVersion = 2, manifests } = json;
  if (schemaVersion !== 2) {
    throw new CrossdockError(
      "unsupported",
      `${what}: its schemaVersion is ${JSON.stringify(schemaVersion)}, expected 2`,
    );
  }
  // Go programs write null for an empty list.
  if (manifests === null) return { ...json, manifests: [] };
  if (Array.isArray(manifests)) return { ...json, manifests };
  throw new CrossdockError("unsupported", `${what}: manifests is not an array`);
}

/**
 * Parses a file of a layout as a JSON object.
 *
 * @throws CrossdockError `unsupported`
 */
export function parseJsonFile(bytes: Uint8Array, what: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new CrossdockError("unsupported", `${what}: it is not valid JSON`, { cause });
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
  throw new CrossdockError("unsupported", `${what}: expected a JSON object`);
}

/** Names the file in errors of parsers, which know only its content. */
export function inFile<Result>(what: string, parse: () => Result): Result {
  try {
    return parse();
  } catch (cause) {
    if (!(cause instanceof CrossdockError)) throw cause;
    const code = cause.code === "registry" ? "unsupported" : cause.code;
    const message = `${what}: ${cause.message.replace(/^read manifest: /, "")}`;
    throw new CrossdockError(code, message, { cause, hint: cause.hint });
  }
}

function nameOf(entry: Json): string | undefined {
  const annotations = entry["annotations"] as Json | null | undefined;
  const name = annotations?.[REF_NAME];
  return typeof name === "string" && name !== "" ? name : undefined;
}
