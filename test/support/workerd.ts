/** Puts a Worker on a loopback port, in the real workerd. For Deno only: miniflare is started in this process. */
import { buildSync } from "esbuild";
import { fileURLToPath } from "node:url";
// @ts-types="./miniflare.d.ts"
import { Log, LogLevel, Miniflare } from "miniflare";
import type { WorkerBindings } from "./miniflare.d.ts";

export interface StartWorkerOptions {
  /** The file with the Worker's default export, in TypeScript. */
  readonly script: URL;
  readonly bindings?: WorkerBindings;
  /** Default: as new as the workerd that is installed. */
  readonly compatibilityDate?: string;
}

/** A Worker that listens. */
export interface RunningWorker extends AsyncDisposable {
  /** `http://127.0.0.1:41234` */
  readonly url: string;
}

/** The day whose workerd behaviour is asked for. */
const COMPATIBILITY_DATE = "2026-11-17";

/**
 * Bundles a Worker and starts it. What it fetches goes out from workerd itself, by way of a Worker of miniflare's that
 * passes bodies on untouched.
 */
export async function startWorker(options: StartWorkerOptions): Promise<RunningWorker> {
  const contents = bundle(options.script);
  const miniflare = new Miniflare({
    host: "127.0.0.1",
    log: new Log(LogLevel.WARN),
    // Not the file about a fictional data centre that it would fetch from the internet.
    cf: false,
    telemetry: { enabled: false },
    // A folder in the home directory by which several of them find each other.
    enableDevRegistry: false,
    workers: [{
      config: {
        name: "worker",
        compatibilityDate: options.compatibilityDate ?? COMPATIBILITY_DATE,
        manifest: { mainModule: "worker.js", modules: { "worker.js": { type: "esm", contents } } },
        env: options.bindings ?? {},
      },
    }],
  });
  const { origin } = await miniflare.ready;
  return { url: origin, [Symbol.asyncDispose]: () => miniflare.dispose() };
}

/** In memory, and by a process that ends with it. */
function bundle(script: URL): string {
  const { outputFiles } = buildSync({
    entryPoints: [fileURLToPath(script)],
    bundle: true,
    write: false,
    format: "esm",
    target: "esnext",
    conditions: ["workerd", "worker"],
    mainFields: ["module", "main"],
    external: ["cloudflare:*", "node:*"],
    logLevel: "error",
  });
  return outputFiles[0]?.text ?? "";
}
