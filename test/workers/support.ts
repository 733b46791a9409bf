/** Starts the deployed Worker in the real workerd. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";
// @ts-types="../support/miniflare.d.ts"
import { Log, LogLevel, Miniflare } from "miniflare";
import type { MiniflareOptions } from "../support/miniflare.d.ts";
import { bundleWorker, MAIN_MODULE } from "../../build/bundle_worker.ts";
import type { DurableCopy } from "../../src/durable/durable_copies.ts";
import { freePort } from "../hosts/support.ts";

export interface StartOptions {
  /** Variables in addition to {@linkcode OPEN}. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Whether there is a Workflow. Default: true. */
  readonly durable?: boolean;
  /** Whether there is a KV namespace for the remembered state. Default: false. */
  readonly remembers?: boolean;
  /** Whether there is a KV namespace for the history. Default: false. */
  readonly history?: boolean;
  /** Default: a free port. */
  readonly port?: number;
  /** The wrangler.toml. Default: that of this package. */
  readonly config?: string;
  /** Changes the modules of the Worker. Default: they stay as they are. */
  readonly change?: (modules: Modules) => Modules;
  /** A Worker for the binding PRIVATE_NETWORK. Default: none. */
  readonly network?: string;
  /** Whether there is the Worker of wrangler.admission.toml, with the same variables. Default: false. */
  readonly admission?: boolean;
}

/** The texts of modules by name. */
export type Modules = Readonly<Record<string, string>>;

export interface RunningWorker extends AsyncDisposable {
  /** `http://127.0.0.1:41234` */
  readonly url: string;
  /** The parsed lines of the log so far. */
  readonly lines: readonly LogLine[];
  /** Sends a request and returns status and JSON. */
  ask(method: string, path: string, body?: unknown): Promise<Answer>;
  /** Starts a durable copy and returns its id. */
  start(request: Readonly<Record<string, unknown>>): Promise<string>;
  /** Waits until a copy has one of the states. */
  reach(id: string, ...states: readonly DurableCopy["state"][]): Promise<DurableCopy>;
  /** Counts the steps of all Workflows of copies so far, in the storage of workerd. */
  countSteps(): number;
  /** Kills the process of workerd. A new process starts with the stored state of the first. */
  kill(): Promise<void>;
  /** Triggers the cron handler, with a pattern and a time in milliseconds since the epoch. */
  tick(tick?: { readonly cron: string; readonly at: number }): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // deno-lint-ignore no-explicit-any
  readonly json: any;
}

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

/** Requests need no token, and all copies are permitted. */
const OPEN = {
  CROSSDOCK_OPEN: "true",
  CROSSDOCK_ALLOW_SOURCES: "**",
  CROSSDOCK_ALLOW_DESTINATIONS: "**",
  CROSSDOCK_ALLOW_PRIVATE: "127.0.0.1",
};

/** Times out after about 30 s. */
const TRIES = 600;

const TRY_MS = 50;

/** Bundles by the path of their wrangler.toml. */
const bundles = new Map<string, Modules>();

const WRANGLER = fileURLToPath(new URL("../../wrangler.toml", import.meta.url));

/** Starts it on a loopback port with {@linkcode OPEN}. */
export function startCrossdock(
  { variables, ...options }: StartOptions = {},
): Promise<RunningWorker> {
  return startWith({ ...OPEN, ...variables }, options);
}

/** Starts it on a loopback port with these variables only. */
export async function startWith(
  variables: Readonly<Record<string, string>>,
  options: Omit<StartOptions, "variables"> = {},
): Promise<RunningWorker> {
  const { durable = true, remembers = false, history = false, admission = false } = options;
  const { config = WRANGLER, port: fixed, change, network } = options;
  const modules = bundleOnce(config);
  const folder = mkdtempSync(join(tmpdir(), "crossdock-workerd-"));
  const port = fixed ?? await freePort();
  const lines: LogLine[] = [];
  const miniflare = new Miniflare({
    host: "127.0.0.1",
    port,
    log: new Log(LogLevel.ERROR),
    handleStructuredLogs: ({ message }) => {
      if (message.startsWith("{")) lines.push(JSON.parse(message));
    },
    resourcePersistencePath: folder,
    unsafeTriggerHandlers: true,
    cf: false,
    telemetry: { enabled: false },
    enableDevRegistry: false,
    workers: [
      {
        config: {
          name: "crossdock",
          ...readConfig(config),
          manifest: toManifest(MAIN_MODULE, change?.(modules) ?? modules),
          env: {
            ...toText(variables),
            FAILED_TRIES: {
              type: "rate-limit",
              namespace: "4040",
              simple: { limit: 3, period: 60 },
            },
            ...(durable ? DURABLE : {}),
            ...(remembers ? { STATE: { type: "kv" } } : {}),
            ...(history ? { HISTORY: { type: "kv", id: "history" } } : {}),
            ...(admission
              ? { ADMISSION: { type: "worker", worker: "admission", exportName: "SignatureCheck" } }
              : {}),
            ...(network === undefined
              ? {}
              : { PRIVATE_NETWORK: { type: "worker", worker: "network" } }),
            ASSETS: { type: "assets" },
          },
          assets: {
            directory: fileURLToPath(new URL("../../.cache/page", import.meta.url)),
            hasUserWorker: true,
            runWorkerFirst: true,
            htmlHandling: "none",
          },
          exports: {
            Internal: { type: "worker" },
            CopyWorkflow: { type: "workflow", name: "crossdock-copy" },
            SyncWorkflow: { type: "workflow", name: "crossdock-sync" },
          },
        },
      },
      ...(admission ? [admissionWorker(variables)] : []),
      ...networkWorkers(network),
    ],
  });
  const url = (await miniflare.ready).origin;

  async function ask(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(new URL(path, url), {
      method,
      ...(body === undefined ? {} : {
        body: JSON.stringify(body),
        headers: { "content-type": "application/json", prefer: "respond-async" },
      }),
    });
    const { status, headers } = response;
    return { status, headers, json: await response.json() };
  }

  return {
    url,
    lines,
    ask,
    async start(request): Promise<string> {
      const { status, json } = await ask("POST", "/v1/copies", request);
      assert.equal(status, 202, JSON.stringify(json));
      return json.id;
    },
    async reach(id, ...states): Promise<DurableCopy> {
      for (let i = 0; i < TRIES; i++) {
        const { json } = await ask("GET", `/v1/copies/${id}`);
        if (states.includes(json.state)) return json;
        await sleep(TRY_MS);
      }
      throw new Error(`waited in vain until copy ${id} was ${states.join(" or ")}`);
    },
    countSteps(): number {
      const instances = join(folder, "workflows/miniflare-workflows-crossdock-copy");
      return readdirSync(instances).filter((name) => /^[0-9a-f]+\.sqlite$/.test(name))
        .reduce((sum, name) => sum + countGroups(join(instances, name)), 0);
    },
    async kill(): Promise<void> {
      process.kill(findWorkerd(port), "SIGKILL");
      for (let i = 0; i < TRIES; i++) {
        await sleep(TRY_MS);
        const response = await fetch(new URL("/healthz", url)).catch(() => undefined);
        if (response) return void await response.body?.cancel();
      }
      throw new Error("waited in vain until workerd was there again");
    },
    async tick(tick): Promise<void> {
      const query = tick ? `?${new URLSearchParams({ cron: tick.cron, time: `${tick.at}` })}` : "";
      const response = await fetch(new URL(`/cdn-cgi/local/scheduled${query}`, url));
      assert.equal(response.status, 200, await response.text());
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await miniflare.dispose();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Counts the groups of log entries of an instance. Each step has one, whatever the number of its attempts. */
function countGroups(path: string): number {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const rows = database.prepare("SELECT DISTINCT groupKey FROM states").all();
    return rows.filter(({ groupKey }) => groupKey !== null).length;
  } finally {
    database.close();
  }
}

const DURABLE = {
  SELF: { type: "worker", worker: "crossdock", exportName: "Internal" },
  COPY_WORKFLOW: {
    type: "workflow",
    name: "crossdock-copy",
    worker: "crossdock",
    exportName: "CopyWorkflow",
  },
  SYNC_WORKFLOW: {
    type: "workflow",
    name: "crossdock-sync",
    worker: "crossdock",
    exportName: "SyncWorkflow",
  },
} as const;

const ADMISSION_WRANGLER = fileURLToPath(new URL("../../wrangler.admission.toml", import.meta.url));

function admissionWorker(
  variables: Readonly<Record<string, string>>,
): MiniflareOptions["workers"][number] {
  return {
    config: {
      name: "admission",
      ...readConfig(ADMISSION_WRANGLER),
      manifest: toManifest("admission_worker.js", bundleOnce(ADMISSION_WRANGLER)),
      env: toText(variables),
      exports: { SignatureCheck: { type: "worker" } },
    },
  };
}

function networkWorkers(text: string | undefined): MiniflareOptions["workers"] {
  if (text === undefined) return [];
  const manifest = toManifest("network.js", { "network.js": text });
  return [{ config: { name: "network", ...readConfig(WRANGLER), manifest, env: {} } }];
}

function toManifest(
  mainModule: string,
  modules: Modules,
): MiniflareOptions["workers"][number]["config"]["manifest"] {
  const entries = Object.entries(modules);
  return {
    mainModule,
    modules: Object.fromEntries(
      entries.map(([name, contents]) => [name, { type: "esm", contents }]),
    ),
  };
}

function bundleOnce(config: string): Modules {
  const modules = bundles.get(config) ?? makeBundle(config);
  bundles.set(config, modules);
  return modules;
}

function makeBundle(config: string): Modules {
  const folder = mkdtempSync(join(tmpdir(), "crossdock-bundle-"));
  try {
    return bundleWorker(folder, config);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The runtime settings of wrangler.toml. The file has a form that these expressions can read. */
function readConfig(config: string): { compatibilityDate: string; compatibilityFlags: string[] } {
  const toml = readFileSync(config, "utf8");
  const date = /^compatibility_date = "(.+)"$/m.exec(toml)?.[1];
  const flags = /^compatibility_flags = \[([^\]]+)\]$/m.exec(toml)?.[1];
  assert.ok(date && flags, "wrangler.toml has no compatibility date or flags");
  return {
    compatibilityDate: date,
    compatibilityFlags: [...flags.matchAll(/^ {2}"(.+)",$/gm)].map(([, flag = ""]) => flag),
  };
}

function toText(variables: Readonly<Record<string, string>>): Record<string, TextBinding> {
  return Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [name, { type: "text", value }]),
  );
}

// A type, because an interface is not assignable to a record.
type TextBinding = { readonly type: "text"; readonly value: string };

/** Finds the process by its port, because other tests run workerd in this process too. */
function findWorkerd(port: number): number {
  const list = execFileSync("ps", ["-A", "-ww", "-o", "pid=,args="], { encoding: "utf8" });
  const found = list.split("\n").filter((line) =>
    line.includes("workerd") && line.includes(`127.0.0.1:${port}`)
  );
  assert.equal(found.length, 1, `workerd on port ${port}: ${found.length} processes`);
  return Number.parseInt(found[0] ?? "", 10);
}
