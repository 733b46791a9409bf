/** The options about one side of a copy, whatever their prefix on the command line. */
export interface SideFlags {
  readonly tls?: "on" | "off" | "unverified" | undefined;
  readonly ca?: string | undefined;
  readonly creds?: string | undefined;
  readonly credsEnv?: string | undefined;
  readonly credsFd?: number | undefined;
}

/** A side's flags and how they are spelt, for messages. */
export interface NamedSideFlags {
  readonly prefix: "--src-" | "--dest-" | "--";
  readonly flags: SideFlags;
}

/** As commander names `--src-…`. */
export interface SourceFlags {
  readonly srcTls?: SideFlags["tls"];
  readonly srcCa?: string | undefined;
  readonly srcCreds?: string | undefined;
  readonly srcCredsEnv?: string | undefined;
  readonly srcCredsFd?: number | undefined;
}

/** As commander names `--dest-…`. */
export interface DestinationFlags {
  readonly destTls?: SideFlags["tls"];
  readonly destCa?: string | undefined;
  readonly destCreds?: string | undefined;
  readonly destCredsEnv?: string | undefined;
  readonly destCredsFd?: number | undefined;
}

export function sourceFlags(options: SourceFlags): NamedSideFlags {
  const { srcTls, srcCa, srcCreds, srcCredsEnv, srcCredsFd } = options;
  return {
    prefix: "--src-",
    flags: {
      tls: srcTls,
      ca: srcCa,
      creds: srcCreds,
      credsEnv: srcCredsEnv,
      credsFd: srcCredsFd,
    },
  };
}

export function destinationFlags(options: DestinationFlags): NamedSideFlags {
  const { destTls, destCa, destCreds, destCredsEnv, destCredsFd } = options;
  return {
    prefix: "--dest-",
    flags: {
      tls: destTls,
      ca: destCa,
      creds: destCreds,
      credsEnv: destCredsEnv,
      credsFd: destCredsFd,
    },
  };
}

/** Those of a command that speaks to one registry. */
export function onlyFlags(flags: SideFlags): NamedSideFlags {
  return { prefix: "--", flags };
}
