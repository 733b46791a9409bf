import { ParseError } from "../errors.ts";
import { createWorkerdRuntime } from "../hosts/workerd.ts";
import type { NetworkBinding } from "../hosts/workerd.ts";
import type { Runtime } from "../runtime.ts";
import type { StateStore } from "../state_store.ts";
import type { AdmissionCheck } from "../copy/admission.ts";
import { createBrokenApp } from "../server/app.ts";
import type { PageFiles } from "../server/app_options.ts";
import { composeServer, warnAtStart } from "../server/compose.ts";
import type { ComposedServer, HostOptions } from "../server/compose.ts";
import { parsePrivateHosts } from "../server/private_hosts.ts";
import { hasRulesText, parseEnvironment } from "../config/server_config.ts";
import type { Environment } from "../config/server_config.ts";
import { createKvHistory } from "./kv_history.ts";
import type { KvBinding } from "./kv_history.ts";
import { createWorkflowCopies } from "./workflow_copies.ts";
import type { WorkflowBinding } from "./workflow_copies.ts";
import type { SelfBinding } from "./workflow_steps.ts";
import { createWorkflowRules } from "./workflow_rules.ts";
import type { RuleWorkflowBinding } from "./workflow_rules.ts";

/** The bindings of wrangler.toml, without variables. All are optional. */
interface Bindings {
  readonly COPY_WORKFLOW?: WorkflowBinding;
  readonly SYNC_WORKFLOW?: RuleWorkflowBinding;
  /** This Worker's own entrypoint `Internal`. */
  readonly SELF?: unknown;
  /** The Worker of wrangler.admission.toml. */
  readonly ADMISSION?: SelfBinding;
  /** Reaches the hosts of CROSSDOCK_ALLOW_PRIVATE. */
  readonly PRIVATE_NETWORK?: NetworkBinding;
  /** The files of the page. */
  readonly ASSETS?: AssetsBinding;
  /** A KV namespace for the remembered state of rules. */
  readonly STATE?: KvTexts;
  /** Keeps what ran. */
  readonly HISTORY?: KvBinding;
  readonly FAILED_TRIES?: {
    limit(options: { key: string }): Promise<{ success: boolean }>;
  };
}

/** The methods of a KV namespace that the remembered state uses. */
interface KvTexts {
  get(key: string): Promise<string | null>;
  put(key: string, text: string, options: { expirationTtl: number }): Promise<void>;
  delete(key: string): Promise<void>;
}

interface AssetsBinding {
  fetch(url: string): Promise<Response>;
}

export interface ComposedWorker
  extends Pick<ComposedServer, "config" | "dispatch" | "deliverNotice" | "log" | "recorder"> {
  readonly app: WebHandler;
  /** Needs no token. */
  readonly openApp: WebHandler;
}

interface WebHandler {
  fetch(request: Request): Response | Promise<Response>;
}

/**
 * Concurrent blobs within one request. At most six connections of a request may wait for response headers, and the PUT of a blob
 * waits until the blob is sent. With five blobs, a new blob's GET or POST fits beside four PUTs, and the GET that resumes an
 * interrupted source fits beside five.
 * https://developers.cloudflare.com/workers/platform/limits/#simultaneous-open-connections
 */
export const CONCURRENCY = 5;

/**
 * Composes the server of a Worker, once per isolate. Each request gets its own engine, because on Workers a request must not wait
 * for I/O of another request.
 *
 * A Worker cannot refuse to start. With an invalid configuration, the server responds to all requests with the error.
 *
 * The modules of rules are loaded only if there are rules: they are half of the code.
 */
export async function composeWorker(
  env: object,
  waitUntil: (job: Promise<unknown>) => void,
): Promise<ComposedWorker> {
  const { COPY_WORKFLOW, SYNC_WORKFLOW, SELF, ADMISSION, FAILED_TRIES, ASSETS, STATE, HISTORY } =
    env as Bindings;
  const { PRIVATE_NETWORK } = env as Bindings;
  const durable = COPY_WORKFLOW && SELF ? createWorkflowCopies(COPY_WORKFLOW) : undefined;
  let isPrivate = (_: URL): boolean => false;
  const runtime = createWorkerdRuntime((url) => isPrivate(url) ? PRIVATE_NETWORK : undefined);
  const host: HostOptions = {
    runtime,
    variables: env as Environment,
    // deno-lint-ignore no-console
    write: (line) => console.log(line),
    separateEngines: true,
    concurrency: CONCURRENCY,
    background: waitUntil,
    // Cloudflare overwrites this header if the caller sends it.
    addressOf: (context) => context.req.header("cf-connecting-ip"),
    history: HISTORY && createKvHistory(HISTORY),
    ...(durable ? { durable } : {}),
    ...(durable && SYNC_WORKFLOW ? { durableRules: createWorkflowRules(SYNC_WORKFLOW) } : {}),
    openAdmission: ADMISSION && await loadAdmission(ADMISSION),
    pageFiles: ASSETS && openPageFiles(ASSETS),
    state: STATE && openKvState(STATE, runtime),
    ...(FAILED_TRIES
      ? { limitTries: async (key: string) => !(await FAILED_TRIES.limit({ key })).success }
      : {}),
  };
  try {
    const hasRules = hasRulesText(env as Environment);
    const parse = hasRules
      ? (await import("../config/parse_config.ts")).parseConfig
      : parseEnvironment;
    const config = parse(env as Environment, { now: runtime.now() });
    if (config.state) {
      throw new ParseError("CROSSDOCK_STATE: this host has no files; bind a KV namespace as STATE");
    }
    if (config.historyFile) {
      throw new ParseError(
        "CROSSDOCK_HISTORY_FILE: this host has no files; bind a KV namespace as HISTORY",
      );
    }
    if (PRIVATE_NETWORK) isPrivate = parsePrivateHosts(config.allowPrivate).includes;
    const { createOpenApp, app, ...server } = composeServer(config, host);
    if (hasRules) await server.loadRules();
    const warn = (): void => warnAtStart(server.config, server.log);
    return { ...server, app: onFirstRequest(warn, app), openApp: createOnUse(createOpenApp) };
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    // An empty configuration allows nothing and has no rules.
    const server = composeServer(parseEnvironment({}), host);
    const logError = (): void => server.log("error", error.message);
    const app = onFirstRequest(logError, createBrokenApp(error, host.pageFiles));
    return { ...server, app, openApp: app };
  }
}

async function loadAdmission(binding: SelfBinding): Promise<() => AdmissionCheck> {
  const { createBoundAdmission } = await import("./bound_admission.ts");
  return () => createBoundAdmission(binding);
}

/**
 * Stores a state for 90 days. A key may be written once in a second, which a short run could exceed.
 * https://developers.cloudflare.com/kv/platform/limits/
 */
function openKvState(kv: KvTexts, { sleep }: Pick<Runtime, "sleep">): StateStore {
  return {
    read: async (key) => await kv.get(key) ?? undefined,
    async write(key, text): Promise<void> {
      const write = (): Promise<void> =>
        text === undefined ? kv.delete(key) : kv.put(key, text, { expirationTtl: 90 * 86_400 });
      await write().catch(() => sleep(1100).then(write));
    },
  };
}

function openPageFiles(assets: AssetsBinding): PageFiles {
  // The binding uses only the path.
  const read = async (name: string): Promise<Response> =>
    await assets.fetch(`https://assets.invalid/${name}`);
  return {
    document: async () => await (await read("openapi.json")).json(),
    async file(path): Promise<string | undefined> {
      const response = await read(path);
      return response.ok ? await response.text() : undefined;
    },
  };
}

/** Creates the handler at its first request: only Workers with Workflows need the one without tokens. */
function createOnUse(create: () => WebHandler): WebHandler {
  let handler: WebHandler | undefined;
  return { fetch: (request) => (handler ??= create()).fetch(request) };
}

/** Logs at the first request: lines that are logged before belong to no invocation, and the clock is not set. */
function onFirstRequest(logOnce: () => void, app: WebHandler): WebHandler {
  let isLogged = false;
  return {
    fetch(request): Response | Promise<Response> {
      if (!isLogged) logOnce();
      isLogged = true;
      return app.fetch(request);
    },
  };
}
