/**
 * The part of miniflare that tests use. Its own types import those of workerd and Node, and these change `Response` and
 * other global types for every file that is checked in the same run.
 */
export interface MiniflareOptions {
  host: string;
  port?: number;
  log: Log;
  /** Gets the console output of Workers. */
  handleStructuredLogs?: (log: { level: string; message: string }) => void;
  /** The folder for the storage of Workflows and other bindings. */
  resourcePersistencePath?: string;
  /** Serves `/cdn-cgi/local/scheduled`. */
  unsafeTriggerHandlers?: boolean;
  cf: boolean;
  telemetry: { enabled: boolean };
  enableDevRegistry: boolean;
  workers: {
    config: {
      name: string;
      compatibilityDate: string;
      compatibilityFlags?: string[];
      manifest: {
        mainModule: string;
        modules: Record<string, { type: "esm"; contents: string }>;
      };
      env: WorkerBindings;
      assets?: {
        directory: string;
        hasUserWorker: boolean;
        runWorkerFirst: boolean;
        htmlHandling: "none";
      };
      exports?: Readonly<Record<string, { type: "workflow"; name: string } | { type: "worker" }>>;
    };
  }[];
}

/** Bindings by name: `{ type: "json", value }`, `{ type: "text", value }`, and the other types of miniflare. */
export type WorkerBindings = Readonly<
  Record<string, { readonly type: string; readonly [option: string]: unknown }>
>;

export class Miniflare {
  constructor(options: MiniflareOptions);
  readonly ready: Promise<URL>;
  dispose(): Promise<void>;
}

export class Log {
  constructor(level: LogLevel);
}

export const LogLevel: { readonly NONE: 0; readonly ERROR: 1; readonly WARN: 2 };
export type LogLevel = 0 | 1 | 2;
