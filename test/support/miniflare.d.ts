/**
 * What startWorker() uses of miniflare. Its own types bring those of workerd and Node with them, which change what
 * `Response` and others are for every file that is checked in the same run.
 */
export interface MiniflareOptions {
  host: string;
  log: Log;
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
