import type { RemoteEngine } from "../../client/remote_engine.ts";
import type { AdmissionCheck } from "../../copy/admission.ts";
import type { Receipts } from "../../copy/receipts.ts";
import type { Engine } from "../../engine.ts";
import { ParseError } from "../../errors.ts";
import { isLocal } from "../../oci/reference.ts";
import type { SideOptions } from "../../sides.ts";
import type { SyncEngine } from "../../sync/sync_engine.ts";
import type { CliEnvironment } from "../environment.ts";
import { openRemoteEngine } from "./open_remote_engine.ts";
import type { ViaTokenFlags } from "./open_remote_engine.ts";
import type { ValuesOf } from "./add_options.ts";
import type { ARCHIVE_OPTIONS, ENGINE_OPTIONS, VIA_OPTIONS } from "./options.ts";
import { listSideFlags } from "./side.ts";
import type { CommandSide, RegistryName } from "./side.ts";
import { readSideOptions } from "./side_options.ts";

/** The flags that set up an engine in this process. */
type LocalEngineFlags =
  & ValuesOf<typeof ENGINE_OPTIONS>
  & Partial<ValuesOf<typeof ARCHIVE_OPTIONS>>
  & {
    /** The key of receipts: a file, or `awskms:` and a name. */
    readonly receiptKey?: string | undefined;
    /** A file with an admission policy. */
    readonly policy?: string | undefined;
    /** An admission policy that is open, in place of `policy`. */
    readonly admission?: AdmissionCheck | undefined;
  };

/** The flags that set up an engine, in this process or on a server. */
export type EngineFlags = LocalEngineFlags & ValuesOf<typeof VIA_OPTIONS>;

/**
 * Makes an engine from flags: one that runs in this process, or with `--via` one that runs on a server.
 *
 * @throws ParseError for an invalid flag or file
 */
export async function openEngine(
  environment: CliEnvironment,
  flags: EngineFlags,
  source: CommandSide,
  destination?: CommandSide,
): Promise<Engine> {
  const { via } = flags;
  if (via !== undefined) {
    return await openServer(environment, { ...flags, via }, source, destination);
  }
  rejectViaToken(flags);
  return await openLocalEngine(environment, flags, source, destination);
}

/**
 * Makes an engine that runs in this process.
 *
 * @throws ParseError for an invalid flag or file
 */
export async function openLocalEngine(
  environment: CliEnvironment,
  flags: LocalEngineFlags,
  source: CommandSide,
  destination?: CommandSide,
): Promise<SyncEngine> {
  const { authfile, concurrency, retries, timeout, compress, format, policy, receiptKey } = flags;
  rejectSharedDescriptor(source, destination);
  rejectUnreadAuthfile(authfile, destination ? [source, destination] : [source]);
  if (receiptKey !== undefined && destination && isLocal(destination.name)) {
    throw new ParseError("--receipt-key needs a registry as destination: nobody pulls from a path");
  }
  const names = [source, destination].flatMap((side) => side ? listNames(side) : []);
  const conversion = { ...(compress ? { compress } : {}), ...(format ? { format } : {}) };
  const read = (side: CommandSide): Promise<SideOptions> =>
    readSideOptions(side, authfile, environment);
  return await environment.createEngine({
    source: await read(source),
    ...(destination ? { destination: await read(destination) } : {}),
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(retries === undefined ? {} : { retries }),
    ...(timeout === undefined ? {} : { timeoutMs: timeout }),
    ...(names.some(isLocal) ? { layouts: await environment.openLayouts(conversion) } : {}),
    admission: policy === undefined ? flags.admission : await openPolicy(policy, environment),
    receipts: receiptKey === undefined ? undefined : await openReceipts(receiptKey, environment),
    runtime: await environment.createRuntime(),
  });
}

async function openPolicy(
  path: string,
  environment: CliEnvironment,
): Promise<AdmissionCheck | undefined> {
  const { openCliAdmission, readPolicyFile } = await import("./open_policy.ts");
  return openCliAdmission(await readPolicyFile(path, environment), environment);
}

async function openReceipts(
  key: string,
  environment: CliEnvironment,
): Promise<Receipts> {
  const { openCliReceipts } = await import("./open_receipts.ts");
  return await openCliReceipts(key, environment);
}

/** @throws ParseError for a server's token without a server */
export function rejectViaToken({ viaTokenEnv, viaTokenFd }: ViaTokenFlags): void {
  if (viaTokenEnv === undefined && viaTokenFd === undefined) return;
  const option = viaTokenEnv === undefined ? "--via-token-fd" : "--via-token-env";
  throw new ParseError(`${option} requires --via`, { hint: VIA_HINT });
}

/** What to do about a flag that is only for servers. */
export const VIA_HINT = "add --via with the URL of a crossdock server";

/**
 * Makes an engine that runs on a server.
 *
 * @throws ParseError for an invalid flag, or one that a server ignores
 */
export async function openServer(
  environment: CliEnvironment,
  flags: EngineFlags & { readonly via: string },
  ...sides: (CommandSide | undefined)[]
): Promise<RemoteEngine> {
  const file = sides.flatMap((side) => side ? listNames(side) : []).find(isLocal);
  if (file) {
    throw new ParseError(
      `${file.registry} cannot be combined with --via: a server has no access to it`,
    );
  }
  const local = new Set([
    ...sides.flatMap((side) => side ? listSideFlags(side) : []),
    ...Object.entries(LOCAL_FLAGS).flatMap(([name, flag]) =>
      flags[name as keyof typeof LOCAL_FLAGS] === undefined ? [] : [flag]
    ),
  ]);
  if (local.size > 0) {
    throw new ParseError(
      `${[...local].join(", ")} cannot be combined with --via: ` +
        "the server uses its own credentials, TLS settings, limits, policy and keys",
    );
  }
  return await openRemoteEngine(environment, flags.via, flags);
}

const LOCAL_FLAGS = {
  authfile: "--authfile",
  concurrency: "--concurrency",
  retries: "--retries",
  timeout: "--timeout",
  policy: "--policy",
  receiptKey: "--receipt-key",
} as const;

/** The names of a side: of the image, and of its referrers. */
function listNames({ name, referrers }: CommandSide): RegistryName[] {
  return [name, ...(referrers ? [referrers] : [])];
}

/** @throws ParseError if two flags read the same file descriptor */
function rejectSharedDescriptor(source: CommandSide, destination?: CommandSide): void {
  const [from] = listDescriptors(source);
  const [to] = destination ? listDescriptors(destination) : [];
  if (!from || !to || from.fd !== to.fd) return;
  throw new ParseError(
    `${from.option} and ${to.option} are both ${from.fd}: a file descriptor can be read only once`,
  );
}

function listDescriptors({ prefix, flags }: CommandSide): { option: string; fd: number }[] {
  const { credsFd, registryTokenFd } = flags;
  return [
    ...(credsFd === undefined ? [] : [{ option: `${prefix}creds-fd`, fd: credsFd }]),
    ...(registryTokenFd === undefined
      ? []
      : [{ option: `${prefix}registry-token-fd`, fd: registryTokenFd }]),
  ];
}

/** @throws ParseError if `--authfile` is not read, because each side has its own flags for it */
function rejectUnreadAuthfile(
  authfile: string | undefined,
  sides: readonly CommandSide[],
): void {
  const unread = sides.every(({ prefix, flags }) =>
    flags.noCreds || prefix !== "--" && flags.authfile !== undefined
  );
  if (authfile === undefined || !unread) return;
  const flags = sides.map(({ prefix, flags }) =>
    `${prefix}${flags.noCreds ? "no-creds" : "authfile"}`
  );
  throw new ParseError(`--authfile and ${flags.join(" and ")} cannot be combined`);
}
