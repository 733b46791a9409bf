import type { ProcessEnd } from "../support/guarded_process.ts";

/** The hosts that the suites of this folder are run against. */
export type HandlerHost = "deno" | "deno-run" | "node" | "bun" | "workerd";

/** The server's real entry on loopback: in a process of its own, but for workerd. */
export interface Handler extends AsyncDisposable {
  readonly host: HandlerHost;
  /** `http://127.0.0.1:41234` */
  readonly url: string;
  readonly pid: number;
  /** What it has written so far. Its log is on stdout. */
  readonly stdout: string;
  readonly stderr: string;
  /** Resolves with how it ended. */
  readonly ended: Promise<ProcessEnd>;
  send(signal: "SIGTERM" | "SIGINT"): void;
  /** Ends it at once. */
  close(): Promise<void>;
}

/** Starts the handler on one host, with these variables and no others that it would read. */
export type StartHandler = (variables: Readonly<Record<string, string>>) => Promise<Handler>;
