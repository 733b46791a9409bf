import type { CopyRequest } from "../../copy/request.ts";
import type { Reference } from "../../oci/reference.ts";
import type { ValuesOf } from "./add_options.ts";
import type { REGISTRY_OPTIONS, SIDE_OPTIONS } from "./options.ts";

/** The flags for one registry, without the prefix that `copy` gives them. */
export type SideFlags = {
  readonly [Name in keyof RegistryFlags]: RegistryFlags[Name] | undefined;
};

type RegistryFlags = ValuesOf<typeof REGISTRY_OPTIONS>;

/** The flags for both registries of a copy. */
export type SidesFlags = ValuesOf<typeof SIDE_OPTIONS>;

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
      flags: {
        tls: flags.srcTls,
        ca: flags.srcCa,
        creds: flags.srcCreds,
        credsEnv: flags.srcCredsEnv,
        credsFd: flags.srcCredsFd,
      },
      name: request.source,
      referrers: request.referrerSource,
    },
    destination: {
      prefix: "--dest-",
      flags: {
        tls: flags.destTls,
        ca: flags.destCa,
        creds: flags.destCreds,
        credsEnv: flags.destCredsEnv,
        credsFd: flags.destCredsFd,
      },
      name: request.destination,
      referrers: request.referrerDestination,
    },
  };
}

/** The side of a command that uses only one registry. */
export function toOnlySide(name: RegistryName, flags: SideFlags): CommandSide {
  return { prefix: "--", flags, name };
}
