import type { Engine, EngineOptions } from "../engine.ts";
import { ParseError } from "../errors.ts";
import type { CliEnvironment } from "./environment.ts";
import type { NamedSideFlags } from "./side_flags.ts";
import { readSideOptions } from "./side_options.ts";
import type { SideName } from "./side_options.ts";

/** A side's flags and what they are about. */
export interface SideInput {
  readonly named: NamedSideFlags;
  readonly name: SideName;
}

/** The options of a command that are about how it works, not what it does. */
export interface EngineFlags {
  readonly authfile?: string | undefined;
  readonly concurrency?: number | undefined;
  readonly retries?: number | undefined;
  /** Milliseconds. */
  readonly timeout?: number | undefined;
}

/**
 * Makes an engine from flags.
 *
 * @throws ParseError for a flag or a file that cannot be used
 */
export async function openEngine(
  environment: CliEnvironment,
  flags: EngineFlags,
  source: SideInput,
  destination?: SideInput,
): Promise<Engine> {
  const { authfile, concurrency, retries, timeout } = flags;
  refuseSharedDescriptor(source.named, destination?.named);
  const read = ({ named, name }: SideInput): Promise<EngineOptions["source"] & object> =>
    readSideOptions(named, name, authfile, environment);
  return environment.createEngine({
    source: await read(source),
    ...(destination ? { destination: await read(destination) } : {}),
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(retries === undefined ? {} : { retries }),
    ...(timeout === undefined ? {} : { timeoutMs: timeout }),
    runtime: await environment.createRuntime(),
  });
}

function refuseSharedDescriptor(source: NamedSideFlags, destination?: NamedSideFlags): void {
  const fd = source.flags.credsFd;
  if (fd === undefined || fd !== destination?.flags.credsFd) return;
  throw new ParseError(
    `${source.prefix}creds-fd and ${destination.prefix}creds-fd are both ${fd}: it can be read once`,
  );
}
