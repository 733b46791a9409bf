import type { RemoteEngine, RemoteEngineOptions } from "../client/remote_engine.ts";
import type { EngineOptions } from "../copier.ts";
import type { SyncEngine } from "../sync/sync_engine.ts";
import type { Runtime } from "../runtime.ts";
import type { LocalRunnerOptions } from "../sync/local_rules.ts";
import type { RuleRunner } from "../sync/run_rules.ts";
import type { StopSignal } from "./output/exit_codes.ts";

/** A stream of the process, as far as the program uses it. */
export type TextStream = NodeJS.WritableStream & { isTTY?: boolean; columns?: number };

/** All that the program needs of the process it runs in; tests bring their own. */
export interface CliEnvironment {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Results. */
  readonly stdout: TextStream;
  /** Everything else: progress, warnings, errors. */
  readonly stderr: TextStream;
  readTextFile(path: string): Promise<string>;
  /** The same where nobody can wait: templates of a config read files. */
  readTextFileSync(path: string): string;
  /** What can be read from an open file descriptor, to its end. */
  readDescriptor(fd: number): Promise<string>;
  /** Listens for Ctrl-C and the like; gives what takes the listener away. */
  onSignal(listener: (name: StopSignal) => void): () => void;
  /** Ends the process at once. */
  exit(code: number): void;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls again and again; gives what ends it. */
  every(intervalMs: number, call: () => void): () => void;
  createRuntime(): Promise<Runtime>;
  createEngine(options: EngineOptions): SyncEngine;
  createRemoteEngine(options: RemoteEngineOptions): RemoteEngine;
  createRuleRunner(options: LocalRunnerOptions): RuleRunner;
}
