import { ParseError } from "../errors.ts";
import { createWorkerdRuntime } from "../hosts/workerd.ts";
import { createBrokenApp } from "../server/app.ts";
import type { ApiFiles } from "../server/app_options.ts";
import { composeServer, warnAtStart } from "../server/compose.ts";
import type { ComposedServer, HostOptions } from "../server/compose.ts";
import type { Environment } from "../config/server_config.ts";
import { createWorkflowCopies } from "./workflow_copies.ts";
import type { WorkflowBinding } from "./workflow_copies.ts";
import { createWorkflowRules } from "./workflow_rules.ts";
import type { RuleWorkflowBinding } from "./workflow_rules.ts";

/** What wrangler.toml binds besides text. All of it may be left out. */
interface Bindings {
  readonly COPY_WORKFLOW?: WorkflowBinding;
  readonly SYNC_WORKFLOW?: RuleWorkflowBinding;
  /** This Worker's own entrypoint `Internal`. */
  readonly SELF?: unknown;
  /** The files of src/server/api. */
  readonly ASSETS?: AssetsBinding;
  readonly FAILED_TRIES?: {
    limit(options: { key: string }): Promise<{ success: boolean }>;
  };
}

interface AssetsBinding {
  fetch(url: string): Promise<Response>;
}

export interface ComposedWorker
  extends Pick<ComposedServer, "config" | "dispatch" | "deliverNotice" | "log"> {
  readonly app: WebHandler;
  /** Asks for no token. */
  readonly openApp: WebHandler;
}

export interface WebHandler {
  fetch(request: Request): Response | Promise<Response>;
}

/**
 * Blobs at once within one request. Six of its connections may wait for an answer's headers, and a PUT waits for as long as
 * its blob takes: with five blobs one that begins finds room for its GET and its POST beside four PUTs, and one whose source
 * was cut finds room for the GET that goes on beside five.
 * https://developers.cloudflare.com/workers/platform/limits/#simultaneous-open-connections
 */
const CONCURRENCY = 5;

/**
 * Composes the server of a Worker. What is made here lives as long as the isolate; on Workers no request may wait for what
 * another one began, so that each has an engine of its own.
 *
 * A wrong configuration gives a server that says so, since a Worker cannot refuse to start.
 */
export function composeWorker(
  env: object,
  waitUntil: (job: Promise<unknown>) => void,
): ComposedWorker {
  const { COPY_WORKFLOW, SYNC_WORKFLOW, SELF, FAILED_TRIES, ASSETS } = env as Bindings;
  const durable = COPY_WORKFLOW && SELF ? createWorkflowCopies(COPY_WORKFLOW) : undefined;
  const host: HostOptions = {
    runtime: createWorkerdRuntime(),
    // deno-lint-ignore no-console
    write: (line) => console.log(line),
    separateEngines: true,
    concurrency: CONCURRENCY,
    background: waitUntil,
    // Set by Cloudflare, whatever the caller has sent.
    addressOf: (context) => context.req.header("cf-connecting-ip"),
    ...(durable ? { durable } : {}),
    ...(durable && SYNC_WORKFLOW ? { durableRules: createWorkflowRules(SYNC_WORKFLOW) } : {}),
    apiFiles: ASSETS && openApiFiles(ASSETS),
    ...(FAILED_TRIES
      ? { limitTries: async (key: string) => !(await FAILED_TRIES.limit({ key })).success }
      : {}),
  };
  try {
    const { createOpenApp, app, ...server } = composeServer(env as Environment, host);
    const warn = (): void => warnAtStart(server.config, server.log);
    return { ...server, app: onFirst(warn, app), openApp: createOpenApp() };
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    // Without a configuration nothing is allowed, and nothing is scheduled.
    const server = composeServer({}, host);
    const explain = (): void => server.log("error", error.message);
    const app = onFirst(explain, createBrokenApp(error));
    return { ...server, app, openApp: app };
  }
}

function openApiFiles(assets: AssetsBinding): ApiFiles {
  // The binding uses only the path.
  const read = async (name: string): Promise<Response> =>
    await assets.fetch(`https://assets.invalid/${name}`);
  return {
    document: async () => await (await read("openapi.json")).json(),
    page: async () => await (await read("page.json")).json(),
  };
}

/** Tells the log at the first request: what is said before is in no invocation's log, and without a time. */
function onFirst(tell: () => void, app: WebHandler): WebHandler {
  let isTold = false;
  return {
    fetch(request): Response | Promise<Response> {
      if (!isTold) tell();
      isTold = true;
      return app.fetch(request);
    },
  };
}
