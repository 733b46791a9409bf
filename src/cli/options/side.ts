import type { CopyRequest } from "../../copy/request.ts";
import type { Reference } from "../../oci/reference.ts";
import type { ValuesOf } from "./add_options.ts";
import type { REGISTRY_OPTIONS, SIDE_OPTIONS } from "./options.ts";

/** The flags for one registry, without the prefix that `copy` gives them. */
export type SideFlags =
  & { readonly [Name in keyof RegistryFlags]?: RegistryFlags[Name] | undefined }
  & { readonly authfile?: string | undefined };

type RegistryFlags = ValuesOf<typeof REGISTRY_OPTIONS>;

/** The flags for both registries of a copy. */
export type SidesFlags = ValuesOf<typeof SIDE_OPTIONS>;

const FLAG_NAMES = [
  "tls",
  "ca",
  "cert",
  "key",
  "certDir",
  "creds",
  "credsEnv",
  "credsFd",
  "registryToken",
  "registryTokenEnv",
  "registryTokenFd",
  "authfile",
  "noCreds",
] as const satisfies readonly (keyof SideFlags)[];

/** A registry, or one of its repositories. */
export type RegistryName = Pick<Reference, "registry"> & Partial<Pick<Reference, "repository">>;

/** One side of a command: its registry, and the flags for that registry alone. */
export interface CommandSide {
  /** How the flags begin on the command line, for messages. */
  readonly prefix: "--src-" | "--dest-" | "--";
  readonly flags: SideFlags;
  readonly name: RegistryName;
  /** The repository of the referrers, if it is another one. */
  readonly referrers?: RegistryName | undefined;
}

/** The sides of a copy. */
export function toSides(
  request: Pick<
    CopyRequest,
    "source" | "destination" | "referrerSource" | "referrerDestination"
  >,
  flags: SidesFlags,
): { readonly source: CommandSide; readonly destination: CommandSide } {
  return {
    source: {
      prefix: "--src-",
      flags: pickFlags(flags, "src"),
      name: request.source,
      referrers: request.referrerSource,
    },
    destination: {
      prefix: "--dest-",
      flags: pickFlags(flags, "dest"),
      name: request.destination,
      referrers: request.referrerDestination,
    },
  };
}

/** The flags of one side, without its prefix: `srcTls` becomes `tls`. */
function pickFlags(flags: SidesFlags, prefix: "src" | "dest"): SideFlags {
  const all = flags as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    FLAG_NAMES.map((name) => [name, all[`${prefix}${name[0]?.toUpperCase()}${name.slice(1)}`]]),
  );
}

/** The side of a command that uses only one registry. */
export function toOnlySide(name: RegistryName, flags: SideFlags): CommandSide {
  return { prefix: "--", flags, name };
}

/** The flags of a side that are set, as the command line spells them. */
export function listSideFlags({ prefix, flags }: CommandSide): string[] {
  return FLAG_NAMES.filter((name) => flags[name] !== undefined)
    .map((name) => `${prefix}${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`);
}
