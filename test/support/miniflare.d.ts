/**
 * What the tests use of miniflare. Its own types bring those of workerd and Node with them, which change what
 * `Response` and others are for every file that is checked in the same run.
 */
export interface MiniflareOptions {
  host: string;
  port?: number;
  log: Log;
  /** Takes what Workers write to the console. */
  handleStructuredLogs?: (log: { level: string; message: string }) => void;
  /** The folder in which Workflows and other storage are kept. */
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
      assets?: { directory: string; hasUserWorker: boolean; runWorkerFirst: boolean };
      exports?: Readonly<Record<string, { type: "workflow"; name: string } | { type: "worker" }>>;
    };
  }[];
}

/** Bindings by name: `{ type: "json", value }`, `{ type: "text", value }`, and what else miniflare knows. */
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
