/** Composes the server for long-running hosts: Deno, Node and Bun. */
import { readFileSync, writeSync } from "node:fs";
import process from "node:process";
import { RateLimiterMemory } from "rate-limiter-flexible";
import { limitHeldBytes } from "../byte_budget.ts";
import { parseConfig } from "../config/parse_config.ts";
import { readAdmission } from "../config/read_admission.ts";
import { ParseError } from "../errors.ts";
import { createRuntime } from "../hosts/detect.ts";
import { openState } from "../hosts/open_state.ts";
import type { AppOptions } from "../server/app_options.ts";
import { composeServer, warnAtStart } from "../server/compose.ts";
import type { ComposedServer } from "../server/compose.ts";
import { createMetrics } from "../server/metrics.ts";
import { runAtStart, runClock } from "../rules/clock.ts";
import type { Runtime } from "../runtime.ts";
import type { StateStore } from "../state_store.ts";
import type { ClockOptions } from "../rules/clock.ts";
import { findDenoCron, registerCrons } from "./deno_cron.ts";
import { openHistoryFile } from "./history_file.ts";
import { MemoryHistory } from "../history/memory_history.ts";
import { GracefulStop } from "./graceful_stop.ts";
import { localPage } from "./local_page.ts";
import { openServerAdmission } from "./open_server_admission.ts";
import { resolveHost } from "./resolve_host.ts";

const EXIT_FAILED = 1;
const EXIT_CONFIGURATION = 2;
const STDERR = 2;

/** Enough for typing errors, and too few to guess a token. */
const TRIES_A_MINUTE = 10;

export interface LongRunningServer extends ComposedServer {
  readonly stop: GracefulStop;
}

/**
 * Creates the server from the process's environment. An invalid configuration ends the process with exit code 2 and a message
 * that names every invalid variable.
 *
 * @param addressOf returns the caller's address from the connection; headers can be forged
 */
export async function createLongRunningServer(
  addressOf: NonNullable<AppOptions["addressOf"]>,
): Promise<LongRunningServer> {
  const runtime = await createRuntime();
  const stop = new GracefulStop();
  try {
    const config = parseConfig(process.env, {
      configFile: readConfigFile(process.env["CROSSDOCK_CONFIG_FILE"]),
      readFile: readOrNothing,
      now: runtime.now(),
      readAdmission,
    });
    const { history, warnings } = config.historyFile
      ? openHistoryFile(config.historyFile)
      : { history: new MemoryHistory(), warnings: [] };
    const server = composeServer(config, {
      history,
      runtime,
      ...(config.state === undefined ? {} : { state: await openNamedState(config.state) }),
      variables: process.env,
      readFile: readOrNothing,
      stopping: stop.stopping,
      write: (line) => void process.stdout.write(`${line}\n`),
      resolveHost,
      openAdmission: openServerAdmission(runtime, readOrNothing),
      addressOf,
      limitTries: createTriesLimit(),
      pageFiles: localPage,
      stopSignal: stop.signal,
      isStopping: () => stop.isStopping,
      background: (job) => stop.track(job),
      ...createMetrics({ now: () => runtime.now() }),
    });
    limitHeldBytes(server.config.maxHeldBytes);
    warnAtStart(server.config, server.log);
    for (const warning of warnings) server.log("warn", warning);
    startRules(server, { runtime, stop });
    return { ...server, stop };
  } catch (error) {
    if (error instanceof ParseError) fail(error.message, EXIT_CONFIGURATION);
    throw error;
  }
}

function startRules(
  { config: { sync: { rules } }, dispatch }: ComposedServer,
  { runtime, stop }: { readonly runtime: Runtime; readonly stop: GracefulStop },
): void {
  const { stopping } = stop;
  const track = (job: Promise<unknown>): void => stop.track(job);
  const cron = findDenoCron();
  if (cron) return registerCrons(rules, { cron, dispatch, runtime, stopping, track });
  const run: ClockOptions["run"] = (rule, occasion) => {
    const running = dispatch(rule, occasion);
    track(running);
    return running;
  };
  for (const job of [runAtStart, runClock]) {
    job(rules, { run, runtime, stopping }).catch((error) => {
      if (!stopping.aborted) throw error;
    });
  }
}

/** Counts invalid tokens per address in this process's memory. The limit is exceeded at the eleventh within a minute. */
function createTriesLimit(): NonNullable<AppOptions["limitTries"]> {
  const limiter = new RateLimiterMemory({ points: TRIES_A_MINUTE, duration: 60 });
  return async (address) => {
    try {
      await limiter.consume(address);
      return false;
    } catch (refusal) {
      // When the limit is exceeded, the library rejects with its state, which is not an Error.
      if (refusal instanceof Error) throw refusal;
      return true;
    }
  };
}

/** @throws ParseError if the file cannot be read */
function readConfigFile(path: string | undefined): string | undefined {
  if (!path) return undefined;
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ParseError(
      `configuration is not valid: CROSSDOCK_CONFIG_FILE: read ${path}: ${why}`,
    );
  }
}

/** @throws ParseError naming the variable */
async function openNamedState(name: string): Promise<StateStore> {
  try {
    return await openState(name);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ParseError(`configuration is not valid: CROSSDOCK_STATE: ${why}`);
  }
}

/** Reads a file for a template's `file` function. */
function readOrNothing(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** Ends the process because it cannot listen on the address. */
export function failToListen(address: string, error: unknown): never {
  fail(`listen on ${address}: ${error instanceof Error ? error.message : error}`, EXIT_FAILED);
}

function fail(message: string, exitCode: number): never {
  // Synchronous, because `process.exit` discards the buffer of `process.stderr`.
  writeSync(STDERR, `crossdock: ${message}\n`);
  process.exit(exitCode);
}
