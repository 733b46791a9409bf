/** The program in a fake environment, with a fake engine. */
import { Writable } from "node:stream";
import { runCli } from "../../src/cli/program.ts";
import type { CliEnvironment } from "../../src/cli/environment.ts";
import type { StopSignal } from "../../src/cli/output/exit_codes.ts";
import type { RemoteEngine, RemoteEngineOptions } from "../../src/client/remote_engine.ts";
import type { SyncEngine } from "../../src/sync/sync_engine.ts";
import type { EngineOptions } from "../../src/copier.ts";
import type { Runtime } from "../../src/runtime.ts";
import type { RuleRunner } from "../../src/sync/run_rules.ts";
import { openLayouts } from "../../src/layouts/mod.ts";

export interface FakeCliOptions {
  engine?: Partial<SyncEngine>;
  /** The runner of rules. */
  runner?: Partial<RuleRunner>;
  /** The engine of `--via`. */
  remoteEngine?: Partial<RemoteEngine>;
  env?: Record<string, string>;
  /** Paths to texts. Files that the program writes are added. */
  files?: Record<string, string>;
  /** File descriptors to texts. */
  descriptors?: Record<number, string>;
  /** Whether stderr is a terminal. */
  isTerminal?: boolean;
  /** What a person at the terminal answers, in order. Without them nobody can be asked. */
  answers?: string[];
  /** The width of that terminal. @default 100 */
  columns?: number;
}

export interface Run {
  exitCode: number;
  stdout: string;
  stderr: string;
}

export interface FakeCli {
  run(...argv: string[]): Promise<Run>;
  /** What engines were made with. */
  readonly engines: EngineOptions[];
  /** What engines of servers were made with. */
  readonly remoteEngines: RemoteEngineOptions[];
  /** Codes that the process was ended with at once. */
  readonly exits: number[];
  readonly environment: CliEnvironment;
  send(signal: StopSignal): void;
  /** Advances the clock and calls the timers that are due. */
  advance(ms: number): void;
  /** How many intervals are running. */
  readonly timers: number;
}

/** A stream that collects its text. */
export class TextSink extends Writable {
  text = "";
  isTTY = false;
  columns = 100;
  rows = 50;

  override _write(chunk: Uint8Array, _: string, done: () => void): void {
    this.text += new TextDecoder().decode(chunk);
    done();
  }
}

export function fakeCli(options: FakeCliOptions = {}): FakeCli {
  const {
    engine = {},
    remoteEngine = {},
    runner = {},
    env = {},
    files = {},
    descriptors = {},
    isTerminal = false,
    columns = 100,
    answers,
  } = options;
  const stdout = new TextSink();
  const stderr = new TextSink();
  stderr.isTTY = isTerminal;
  stderr.columns = columns;
  const engines: EngineOptions[] = [];
  const remoteEngines: RemoteEngineOptions[] = [];
  const exits: number[] = [];
  const listeners = new Set<(name: StopSignal) => void>();
  const timers = new Set<{ intervalMs: number; dueMs: number; call: () => void }>();
  let nowMs = 1_000_000;
  const sleep: Runtime["sleep"] = (ms, signal) =>
    new Promise((resolve, reject) => {
      const timer = { intervalMs: Infinity, dueMs: nowMs + ms, call: end };
      function end(): void {
        timers.delete(timer);
        if (signal?.aborted) reject(signal.reason);
        else resolve();
      }
      timers.add(timer);
      signal?.addEventListener("abort", end, { once: true });
      if (signal?.aborted) end();
    });

  const environment: CliEnvironment = {
    env: { HOME: "/home/me", ...env },
    stdout,
    stderr,
    readTextFile: (path) => read(files[path]),
    listFolder(folder): Promise<string[]> {
      const names = Object.keys(files).filter((path) => path.startsWith(`${folder}/`));
      return names.length === 0
        ? read(undefined).then(() => [])
        : Promise.resolve(names.map((path) => path.slice(folder.length + 1)));
    },
    readTextFileSync: (path) => files[path] ?? refuse(),
    writeTextFile(path, text, { replaces }): Promise<void> {
      if (files[path] !== undefined && !replaces) {
        return Promise.reject(Object.assign(new Error("exists"), { code: "EEXIST" }));
      }
      files[path] = text;
      return Promise.resolve();
    },
    openPrompt: () =>
      Promise.resolve(
        answers && {
          ask(question): Promise<string> {
            stderr.write(`${question}\n`);
            const answer = answers.shift();
            return answer === undefined
              ? Promise.reject(new Error(question))
              : Promise.resolve(answer);
          },
          close: () => {},
        },
      ),
    readDescriptor: (fd) => read(descriptors[fd]),
    onSignal(listener): () => void {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    exit: (code) => exits.push(code),
    now: () => nowMs,
    every(intervalMs, call): () => void {
      const timer = { intervalMs, dueMs: nowMs + intervalMs, call };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    createRuntime: () => Promise.resolve({ name: "node", sleep } as Runtime),
    createEngine(options): Promise<SyncEngine> {
      engines.push(options);
      return Promise.resolve({ ...refusingEngine, ...engine });
    },
    createRemoteEngine(options): Promise<RemoteEngine> {
      remoteEngines.push(options);
      return Promise.resolve({ ...refusingServer, ...remoteEngine });
    },
    openLayouts: (options) => Promise.resolve(openLayouts(options)),
    openState: refuse,
    createRuleRunner: () => Promise.resolve({ run: refuse, status: refuse, ...runner }),
    serve: refuse,
  };

  return {
    environment,
    engines,
    remoteEngines,
    exits,
    get timers(): number {
      return timers.size;
    },
    async run(...argv): Promise<Run> {
      stdout.text = "";
      stderr.text = "";
      const exitCode = await runCli(argv, environment);
      return { exitCode, stdout: stdout.text, stderr: stderr.text };
    },
    send: (signal) => listeners.forEach((listener) => listener(signal)),
    advance(ms): void {
      const endMs = nowMs + ms;
      for (;;) {
        const [next] = [...timers].filter(({ dueMs }) => dueMs <= endMs)
          .sort((a, b) => a.dueMs - b.dueMs);
        if (!next) break;
        nowMs = next.dueMs;
        next.dueMs += next.intervalMs;
        next.call();
      }
      nowMs = endMs;
    },
  };
}

function read(text: string | undefined): Promise<string> {
  if (text !== undefined) return Promise.resolve(text);
  return Promise.reject(Object.assign(new Error("not there"), { code: "ENOENT" }));
}

function refuse(): never {
  throw new Error("this engine was not to be asked");
}

const refusingEngine: SyncEngine = {
  plan: refuse,
  copy: refuse,
  resolve: refuse,
  perform: refuse,
  openSource: refuse,
  inspect: refuse,
  tags: refuse,
  verify: refuse,
  checkAccess: refuse,
  admit: refuse,
  batch: refuse,
};

const refusingServer: RemoteEngine = {
  ...refusingEngine,
  detach: refuse,
  getCopy: refuse,
  cancelCopy: refuse,
  sync: refuse,
  detachSync: refuse,
  syncStatus: refuse,
  listRules: refuse,
  listRuns: refuse,
  getRun: refuse,
  getSetup: refuse,
  check: refuse,
};
