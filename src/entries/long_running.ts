/** What the server has on every host that runs until it is told to stop: Deno, Node and Bun. */
import { readFileSync, writeSync } from "node:fs";
import process from "node:process";
import { RateLimiterMemory } from "rate-limiter-flexible";
import { ParseError } from "../errors.ts";
import { createRuntime } from "../hosts/detect.ts";
import type { AppOptions } from "../server/app_options.ts";
import { composeServer, warnAtStart } from "../server/compose.ts";
import type { ComposedServer } from "../server/compose.ts";
import document from "../server/api/openapi.json" with { type: "json" };
import page from "../server/api/page.json" with { type: "json" };
import { createMetrics } from "../server/metrics.ts";
import { runAtStart, runClock } from "../rules/clock.ts";
import type { Runtime } from "../runtime.ts";
import type { ClockOptions } from "../rules/clock.ts";
import { findDenoCron, registerCrons } from "./deno_cron.ts";
import { GracefulStop } from "./graceful_stop.ts";
import { resolveHost } from "./resolve_host.ts";

const EXIT_FAILED = 1;
const EXIT_CONFIGURATION = 2;
const STDERR = 2;

/** A person mistypes less often, and a program that guesses gains nothing by ten. */
const TRIES_A_MINUTE = 10;

export interface LongRunningServer extends ComposedServer {
  readonly stop: GracefulStop;
}

/**
 * Makes the server from the process's environment. A configuration that is wrong ends the process with exit code 2 and a
 * sentence that names every variable.
 *
 * @param addressOf the caller's address, from the connection: a header could be forged
 */
export async function createLongRunningServer(
  addressOf: NonNullable<AppOptions["addressOf"]>,
): Promise<LongRunningServer> {
  const runtime = await createRuntime();
  const stop = new GracefulStop();
  try {
    const server = composeServer(process.env, {
      runtime,
      configFile: readConfigFile(process.env["CROSSDOCK_CONFIG_FILE"]),
      readFile: readOrNothing,
      stopping: stop.stopping,
      write: (line) => void process.stdout.write(`${line}\n`),
      resolveHost,
      addressOf,
      limitTries: createTriesLimit(),
      apiFiles: { document: () => Promise.resolve(document), page: () => Promise.resolve(page) },
      stopSignal: stop.signal,
      isStopping: () => stop.isStopping,
      background: (job) => stop.track(job),
      ...createMetrics({ now: () => runtime.now() }),
    });
    warnAtStart(server.config, server.log);
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

/** Counts wrong tokens by address, in this process's memory: ten a minute, and the eleventh is one too many. */
function createTriesLimit(): NonNullable<AppOptions["limitTries"]> {
  const limiter = new RateLimiterMemory({ points: TRIES_A_MINUTE, duration: 60 });
  return async (address) => {
    try {
      await limiter.consume(address);
      return false;
    } catch (refusal) {
      // What it rejects with when there are none left is no error but the state of the count.
      if (refusal instanceof Error) throw refusal;
      return true;
    }
  };
}

/** @throws ParseError if it cannot be read */
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

/** What a template's `file` gives. */
function readOrNothing(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** Ends the process because it cannot listen. */
export function failToListen(address: string, error: unknown): never {
  fail(`listen on ${address}: ${error instanceof Error ? error.message : error}`, EXIT_FAILED);
}

function fail(message: string, exitCode: number): never {
  // At once: what is left in a stream's buffer would be lost with the process.
  writeSync(STDERR, `crossdock: ${message}\n`);
  process.exit(exitCode);
}
