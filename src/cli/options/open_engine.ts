import type { RemoteEngine } from "../../client/remote_engine.ts";
import type { Engine, LocalEngine } from "../../engine.ts";
import { ParseError } from "../../errors.ts";
import type { SideOptions } from "../../sides.ts";
import type { CliEnvironment } from "../environment.ts";
import { openRemoteEngine } from "./open_remote_engine.ts";
import type { ViaFlags } from "./open_remote_engine.ts";
import type { NamedSideFlags } from "./side_flags.ts";
import { readSideOptions } from "./side_options.ts";
import type { SideInput } from "./side_options.ts";

/** The options about how an engine works here. */
export interface LocalEngineFlags {
  readonly authfile?: string | undefined;
  readonly concurrency?: number | undefined;
  readonly retries?: number | undefined;
  /** Milliseconds. */
  readonly timeout?: number | undefined;
}

/** The options of a command that are about how it works, not what it does. */
export interface EngineFlags extends LocalEngineFlags, ViaFlags {}

/**
 * Makes an engine from flags: one that works here, or with `--via` one that works at a server.
 *
 * @throws ParseError for a flag or a file that cannot be used
 */
export async function openEngine(
  environment: CliEnvironment,
  flags: EngineFlags,
  source: SideInput,
  destination?: SideInput,
): Promise<Engine> {
  const { via } = flags;
  if (via !== undefined) {
    return await openServer(environment, { ...flags, via }, source.named, destination?.named);
  }
  refuseViaToken(flags);
  return await openLocalEngine(environment, flags, source, destination);
}

/**
 * Makes an engine that works here.
 *
 * @throws ParseError for a flag or a file that cannot be used
 */
export async function openLocalEngine(
  environment: CliEnvironment,
  { authfile, concurrency, retries, timeout }: LocalEngineFlags,
  source: SideInput,
  destination?: SideInput,
): Promise<LocalEngine> {
  refuseSharedDescriptor(source.named, destination?.named);
  const read = (side: SideInput): Promise<SideOptions> =>
    readSideOptions(side, authfile, environment);
  return environment.createEngine({
    source: await read(source),
    ...(destination ? { destination: await read(destination) } : {}),
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(retries === undefined ? {} : { retries }),
    ...(timeout === undefined ? {} : { timeoutMs: timeout }),
    runtime: await environment.createRuntime(),
  });
}

/** @throws ParseError for a server's token where none is named */
export function refuseViaToken({ viaTokenEnv, viaTokenFd }: ViaFlags): void {
  if (viaTokenEnv === undefined && viaTokenFd === undefined) return;
  const option = viaTokenEnv === undefined ? "--via-token-fd" : "--via-token-env";
  throw new ParseError(`${option} is for a server: name it with --via`);
}

/**
 * Makes an engine that works at a server.
 *
 * @throws ParseError for a flag that has no meaning there, or cannot be used
 */
export async function openServer(
  environment: CliEnvironment,
  flags: EngineFlags & { readonly via: string },
  ...sides: (NamedSideFlags | undefined)[]
): Promise<RemoteEngine> {
  const local = [
    ...sides.flatMap((side) => side ? listSideFlags(side) : []),
    ...LOCAL_FLAGS.filter((name) => flags[name] !== undefined).map((name) => `--${name}`),
  ];
  if (local.length > 0) {
    throw new ParseError(
      `${local.join(", ")} cannot go with --via: ` +
        "the server has credentials, TLS settings and limits of its own",
    );
  }
  return await openRemoteEngine(environment, flags.via, flags);
}

const LOCAL_FLAGS = ["authfile", "concurrency", "retries", "timeout"] as const;

/** Those that were given, as they are spelt. */
function listSideFlags(
  { prefix, flags: { tls, ca, creds, credsEnv, credsFd } }: NamedSideFlags,
): string[] {
  const named = { tls, ca, creds, "creds-env": credsEnv, "creds-fd": credsFd };
  return Object.entries(named)
    .filter(([, value]) => value !== undefined)
    .map(([name]) => `${prefix}${name}`);
}

function refuseSharedDescriptor(source: NamedSideFlags, destination?: NamedSideFlags): void {
  const fd = source.flags.credsFd;
  if (fd === undefined || fd !== destination?.flags.credsFd) return;
  throw new ParseError(
    `${source.prefix}creds-fd and ${destination.prefix}creds-fd are both ${fd}: it can be read once`,
  );
}
