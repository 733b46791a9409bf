import type { ProcessEnd } from "../support/guarded_process.ts";

/** The hosts on which the tests of this folder run. */
export type HandlerHost = "deno" | "deno-run" | "node" | "bun" | "workerd";

/** The server by its real entry on loopback, in a separate process except on workerd. */
export interface Handler extends AsyncDisposable {
  readonly host: HandlerHost;
  /** `http://127.0.0.1:41234` */
  readonly url: string;
  readonly pid: number;
  /** The output so far. The log is on stdout. */
  readonly stdout: string;
  readonly stderr: string;
  /** Resolves with its exit code or signal. */
  readonly ended: Promise<ProcessEnd>;
  send(signal: "SIGTERM" | "SIGINT"): void;
  /** Kills it. */
  close(): Promise<void>;
}

/** Starts the handler on one host. It gets only these variables. */
export type StartHandler = (variables: Readonly<Record<string, string>>) => Promise<Handler>;
