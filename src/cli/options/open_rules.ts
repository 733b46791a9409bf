/** Opens the rules of `crossdock.yaml`, or with `--via` those of a server. */
import { firstOf } from "../../auth/credentials.ts";
import type { CredentialSources } from "../../auth/credentials.ts";
import type { DetachedSync, SyncOptions } from "../../client/remote_engine.ts";
import { ParseError } from "../../errors.ts";
import { isLocal, parseReference } from "../../oci/reference.ts";
import type { SideOptions } from "../../sides.ts";
import { chooseRules } from "../../sync/choose_rules.ts";
import { readAdmission } from "../../config/read_admission.ts";
import { parseSyncConfig } from "../../config/sync_config.ts";
import type { SyncConfig } from "../../config/sync_config.ts";
import { formatMistake } from "../../config/mistakes.ts";
import { openReceipts } from "../../receipts/receipts.ts";
import { createPacer } from "../../sync/pacer.ts";
import { registryConnections, registryCredentials } from "../../config/registries.ts";
import { runRules, statusOfRules } from "../../sync/run_rules.ts";
import type { SyncRequest, SyncStatus } from "../../sync/model.ts";
import type { RuleRunner } from "../../sync/run_rules.ts";
import type { SyncRule } from "../../sync/rule.ts";
import { Slots } from "../../copy/slots.ts";
import type { CliEnvironment } from "../environment.ts";
import { runCredentialHelper } from "../../credentials/credential_helper.ts";
import { openAwsKey, openCloudKeys, openEcrCreation } from "../../credentials/cloud_keys.ts";
import { openServer, rejectViaToken, VIA_HINT } from "./open_engine.ts";
import type { EngineFlags } from "./open_engine.ts";
import { writeStderr } from "../output/output.ts";
import { openCliAdmission, readIfPossible } from "./open_policy.ts";
import { readInputFile, toFileLabel } from "./read_input_file.ts";
import { openDockerConfig } from "./side_options.ts";
import type { RegistryName } from "./side.ts";

/** The flags that select rules, and how they are run. */
export interface RulesFlags extends EngineFlags {
  readonly config?: string | undefined;
  readonly rule?: string[] | undefined;
  readonly detach?: true | undefined;
  /** The name of the store of the remembered state. */
  readonly state?: string | undefined;
  readonly quiet?: true | undefined;
}

/** Rules that run in this process or on a server. */
export interface OpenedRules {
  sync(
    request: Pick<SyncRequest, "dryRun" | "missing">,
    options: SyncOptions,
  ): Promise<DetachedSync>;
  status(options: Pick<SyncOptions, "signal">): Promise<SyncStatus>;
}

/** Rules that run in this process. */
export interface LocalRules {
  readonly rules: readonly SyncRule[];
  readonly runner: RuleRunner;
}

export const DEFAULT_FILE = "crossdock.yaml";

/**
 * Opens rules, in this process or on a server.
 *
 * @throws ParseError for an invalid flag or file; no request has been sent then
 */
export async function openRules(
  flags: RulesFlags,
  environment: CliEnvironment,
): Promise<OpenedRules> {
  const { via, rule: names, detach } = flags;
  if (via !== undefined) {
    if (flags.config !== undefined) {
      throw new ParseError("--config cannot be combined with --via: the server runs its own rules");
    }
    if (flags.state !== undefined) {
      throw new ParseError("--state cannot be combined with --via: the server has its own state", {
        hint: "set CROSSDOCK_STATE on the server",
      });
    }
    const server = await openServer(environment, { ...flags, via });
    const chosen = names ? { rules: names } : {};
    return {
      async sync(request, options): Promise<DetachedSync> {
        if (detach) return await server.detachSync({ ...chosen, ...request }, options);
        return { report: await server.sync({ ...chosen, ...request }, options) };
      },
      status: (options) => server.syncStatus(names, options),
    };
  }
  if (detach) throw new ParseError("--detach requires --via", { hint: VIA_HINT });
  rejectViaToken(flags);
  const { rules, runner } = await openLocalRules(flags, environment);
  const now = (): number => environment.now();
  return {
    async sync(request, options): Promise<DetachedSync> {
      return { report: await runRules(rules, runner, { ...request, ...options, now }) };
    },
    status: (options) => statusOfRules(rules, runner, options),
  };
}

/**
 * Reads the rules of a file and makes the engine that runs them.
 *
 * @throws {SyncConfigError} with all mistakes of the file; ParseError for an invalid flag or another invalid file
 */
export async function openLocalRules(
  flags: RulesFlags,
  environment: CliEnvironment,
): Promise<LocalRules> {
  const { config: file = DEFAULT_FILE, quiet } = flags;
  const { config, warnings, from } = await readRules(file, environment);
  const { env } = environment;
  const rules = chooseRules(config.rules, flags.rule);
  if (!quiet) {
    for (const warning of warnings) writeStderr(environment, `warning: ${formatMistake(warning)}`);
    if (config.webhooks.outgoing.length > 0) {
      writeStderr(
        environment,
        `warning: ${from}: webhooks.out is ignored: only the server sends notifications`,
      );
    }
  }
  if (rules.length === 0) {
    throw new ParseError(`${from}: no rules found, expected at least one in sync`);
  }
  const runtime = await environment.createRuntime();
  const side = await readSide({ config, rules, from }, flags, environment);
  const { concurrency, retries, timeout } = flags;
  const hasLocal = rules.flatMap(listNames).some(isLocal);
  const engine = await environment.createEngine({
    runtime,
    source: side,
    destination: side,
    pace: createPacer(config.registries, runtime),
    admission: openCliAdmission(config.admission, environment),
    receipts: config.receipt && openReceipts(config.receipt, await openAwsKey(environment)),
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(retries === undefined ? {} : { retries }),
    ...(timeout === undefined ? {} : { timeoutMs: timeout }),
    ...(hasLocal ? { layouts: await environment.openLayouts() } : {}),
  });
  const runner = await environment.createRuleRunner({
    engine,
    rules: config.rules,
    now: () => environment.now(),
    slots: new Slots(config.parallel),
    env,
    readFile: (path) => readIfPossible(path, environment),
    ...(flags.state === undefined ? {} : { state: await environment.openState(flags.state) }),
  });
  return { rules, runner };
}

/**
 * Reads a file of rules, and sends no request.
 *
 * @param file its path, or `-` for stdin
 * @throws {SyncConfigError} with all mistakes of the file; ParseError for another invalid file
 */
export async function readRules(
  file: string,
  environment: CliEnvironment,
): Promise<ReturnType<typeof parseSyncConfig> & { readonly from: string }> {
  const from = toFileLabel(file);
  const text = await readInputFile(
    file,
    environment,
    "write one with crossdock init, or name another file with --config; docs/sync.md describes its format",
  );
  const read = parseSyncConfig(text, {
    from,
    env: environment.env,
    now: environment.now(),
    readFile: (path) => readIfPossible(path, environment),
    allowsLocal: true,
    allowsHelpers: true,
    readAdmission,
  });
  return { ...read, from };
}

/** Both sides use the same options, because the target of one rule may be the source of another. */
export async function readSide(
  { config, rules, from }: { config: SyncConfig; rules: readonly SyncRule[]; from: string },
  { authfile }: Pick<RulesFlags, "authfile">,
  environment: CliEnvironment,
): Promise<SideOptions> {
  const sources: CredentialSources[] = [
    registryCredentials(config.registries, from, {
      runHelper: (name, server) => runCredentialHelper(name, server, environment),
      now: () => environment.now(),
    }),
  ];
  if (config.dockerConfig || authfile !== undefined) {
    sources.push(
      await openDockerConfig(
        rules.flatMap(listNames).filter((name) => !isLocal(name)),
        authfile === undefined ? undefined : { path: authfile, option: "--authfile" },
        environment,
      ),
    );
  }
  if (authfile === undefined) sources.push(openCloudKeys(environment));
  const createRepository = openEcrCreation(environment);
  return {
    credentials: firstOf(...sources),
    ...registryConnections(config.registries),
    ...(createRepository ? { createRepository } : {}),
  };
}

/** The registries of a rule, with their repositories if the rule names them. */
function listNames({ type, source, targets, copy }: SyncRule): RegistryName[] {
  const others = [copy.referrerSource, copy.referrerDestination];
  return [source, ...targets, ...others.filter((name) => name !== undefined)].map((name) =>
    type === "registry" && !name.includes("/") ? { registry: name } : parseReference(name)
  );
}
