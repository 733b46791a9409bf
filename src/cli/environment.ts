import type { RemoteEngine, RemoteEngineOptions } from "../client/remote_engine.ts";
import type { EngineOptions } from "../copier.ts";
import type { LayoutsOptions, LocalLayouts } from "../layouts/mod.ts";
import type { StateStore } from "../state_store.ts";
import type { SyncEngine } from "../sync/sync_engine.ts";
import type { Runtime } from "../runtime.ts";
import type { LocalRunnerOptions } from "../sync/local_rules.ts";
import type { RuleRunner } from "../sync/run_rules.ts";
import type { StopSignal } from "./output/exit_codes.ts";
import type { StderrLines } from "./output/stderr_lines.ts";

/** The part of a process stream that the program uses. */
export type TextStream = NodeJS.WritableStream & {
  isTTY?: boolean;
  columns?: number;
  rows?: number;
};

/** Asks the person at the terminal. */
export interface Prompt {
  /** Resolves with a line of input. Rejects if the input ends, or the signal is aborted. */
  ask(question: string, signal: AbortSignal): Promise<string>;
  close(): void;
}

/** The process that the program runs in. Tests pass a fake one. */
export interface CliEnvironment {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** For results. */
  readonly stdout: TextStream;
  /** For everything else: progress, warnings, errors. */
  readonly stderr: TextStream;
  /** The beginning of each line, for a program that runs for long: its time. Default: nothing. */
  readonly linePrefix?: (() => string) | undefined;
  /** For lines that may be written while progress bars are on stderr. `runCli` sets it. */
  readonly lines?: StderrLines;
  readTextFile(path: string): Promise<string>;
  /** Lists the names in a folder. */
  listFolder(path: string): Promise<string[]>;
  /** For the templates of a config, which read files synchronously. */
  readTextFileSync(path: string): string;
  /** Creates a file, and rejects with an error whose `code` is `EEXIST` for one that exists, unless it replaces that. */
  writeTextFile(path: string, text: string, options: { replaces: boolean }): Promise<void>;
  /** Undefined if stdin or stderr is no terminal. */
  openPrompt(): Promise<Prompt | undefined>;
  /** Reads an open file descriptor to its end. */
  readDescriptor(fd: number): Promise<string>;
  /** Listens for Ctrl-C and similar signals. Returns a function that removes the listener. */
  onSignal(listener: (name: StopSignal) => void): () => void;
  /** Ends the process immediately. */
  exit(code: number): void;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls a function at an interval. Returns a function that stops it. */
  every(intervalMs: number, call: () => void): () => void;
  createRuntime(): Promise<Runtime>;
  createEngine(options: EngineOptions): Promise<SyncEngine>;
  createRemoteEngine(options: RemoteEngineOptions): Promise<RemoteEngine>;
  /** Loads the code for folders and files. Called only if a name needs it. */
  openLayouts(options?: LayoutsOptions): Promise<LocalLayouts>;
  /** Opens the store that the name means: a file, or `kv:` for Deno KV. */
  openState(name: string): Promise<StateStore>;
  createRuleRunner(options: LocalRunnerOptions): Promise<RuleRunner>;
  /** Starts the server, which ends the process. The promise is never fulfilled. */
  serve(): Promise<never>;
}
