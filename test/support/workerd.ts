/** Runs a Worker in the real workerd on a loopback port. Deno only, because miniflare runs in this process. */
import { buildSync } from "esbuild";
import { fileURLToPath } from "node:url";
// @ts-types="./miniflare.d.ts"
import { Log, LogLevel, Miniflare } from "miniflare";
import type { WorkerBindings } from "./miniflare.d.ts";

export interface StartWorkerOptions {
  /** The TypeScript file with the Worker's default export. */
  readonly script: URL;
  readonly bindings?: WorkerBindings;
  /** Compatibility flags. */
  readonly flags?: string[];
}

/** A Worker that listens on a port. */
export interface RunningWorker extends AsyncDisposable {
  /** `http://127.0.0.1:41234` */
  readonly url: string;
}

/** The compatibility date of the installed workerd. */
const COMPATIBILITY_DATE = "2026-11-17";

/**
 * Bundles a Worker and starts it. workerd itself sends its requests, through a Worker of miniflare that passes bodies on
 * unchanged.
 */
export async function startWorker(options: StartWorkerOptions): Promise<RunningWorker> {
  const contents = bundle(options.script, options.flags?.includes("nodejs_compat") ?? false);
  const miniflare = new Miniflare({
    host: "127.0.0.1",
    log: new Log(LogLevel.WARN),
    // Without this, miniflare downloads a file with data for `request.cf`.
    cf: false,
    telemetry: { enabled: false },
    // Without this, miniflare uses a shared folder in the home directory.
    enableDevRegistry: false,
    workers: [{
      config: {
        name: "worker",
        compatibilityDate: COMPATIBILITY_DATE,
        ...(options.flags ? { compatibilityFlags: options.flags } : {}),
        manifest: { mainModule: "worker.js", modules: { "worker.js": { type: "esm", contents } } },
        env: options.bindings ?? {},
      },
    }],
  });
  const { origin } = await miniflare.ready;
  return { url: origin, [Symbol.asyncDispose]: () => miniflare.dispose() };
}

/** Bundles in memory, with a process that ends afterwards. */
function bundle(script: URL, usesNode: boolean): string {
  const { outputFiles } = buildSync({
    entryPoints: [fileURLToPath(script)],
    bundle: true,
    write: false,
    format: "esm",
    target: "esnext",
    conditions: ["workerd", "worker"],
    mainFields: ["module", "main"],
    external: ["cloudflare:*", "node:*", ...(usesNode ? ["crypto", "util"] : [])],
    // CommonJS packages require modules of Node.
    banner: usesNode
      ? {
        js:
          'import { createRequire } from "node:module"; const require = createRequire("/worker");',
      }
      : {},
    logLevel: "error",
  });
  return outputFiles[0]?.text ?? "";
}
