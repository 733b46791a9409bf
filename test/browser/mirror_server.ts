/** A server with rules between two embedded registries, in this process, for the tests of the page. */
import { MemoryHistory } from "../../src/history/memory_history.ts";
import { parseConfig } from "../../src/config/parse_config.ts";
import { readAdmission } from "../../src/config/read_admission.ts";
import { localPage } from "../../src/entries/local_page.ts";
import { openServerAdmission } from "../../src/entries/open_server_admission.ts";
import { createRuntime } from "../../src/hosts/detect.ts";
import { composeServer } from "../../src/server/compose.ts";
import type { HostOptions } from "../../src/server/compose.ts";
import { startRegistry } from "../support/registry.ts";
import type { RunningRegistry } from "../support/registry.ts";
import { serve } from "../support/serve.ts";

export const COPY_TOKEN = "copying-is-allowed-1";
export const READ_TOKEN = "reading-is-allowed-1";

export interface MirrorServer extends AsyncDisposable {
  readonly url: string;
  readonly source: RunningRegistry;
  readonly target: RunningRegistry;
  /** The requests that browsers sent, as `METHOD /path`. */
  readonly requests: readonly string[];
  /** Answers each request in place of the server, until it is set to undefined. */
  intercept: ((request: Request) => Response | Promise<Response> | undefined) | undefined;
}

export interface MirrorOptions {
  /** The text of crossdock.yaml. Default: one rule, which copies the repository `app` of the source to `mirror/app`. */
  readonly rules?: (source: string, target: string) => string;
  /** More environment variables. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Default: true. Whether runs are kept in memory. */
  readonly keepsHistory?: boolean;
  /** More of what differs between hosts, such as durable copies. */
  readonly host?: Partial<HostOptions>;
}

export async function startMirrorServer(
  { rules = oneRule, variables = {}, keepsHistory = true, host = {} }: MirrorOptions = {},
): Promise<MirrorServer> {
  await using started = new AsyncDisposableStack();
  const source = started.use(await startRegistry());
  const target = started.use(await startRegistry());
  const runtime = await createRuntime();
  const jobs = new Set<Promise<unknown>>();
  started.defer(async () => void await Promise.allSettled(jobs));
  const { app } = composeServer(
    parseConfig({
      CROSSDOCK_TOKENS: JSON.stringify({
        admin: COPY_TOKEN,
        viewer: { token: READ_TOKEN, scope: "read" },
      }),
      CROSSDOCK_ALLOW_SOURCES: `${source.host}/**`,
      CROSSDOCK_ALLOW_DESTINATIONS: `${target.host}/**`,
      CROSSDOCK_ALLOW_PRIVATE: "127.0.0.1",
      CROSSDOCK_RETRIES: "0",
      // Tests hold transfers while they look at the page.
      CROSSDOCK_TIMEOUT_MS: "3600000",
      CROSSDOCK_CONFIG: rules(source.host, target.host),
      ...variables,
    }, { readAdmission }),
    {
      runtime,
      write: () => {},
      pageFiles: localPage,
      history: keepsHistory ? new MemoryHistory() : undefined,
      background: (job) => void jobs.add(job),
      openAdmission: openServerAdmission(runtime),
      ...host,
    },
  );
  const requests: string[] = [];
  const result = { intercept: undefined as MirrorServer["intercept"] };
  const server = started.use(
    await serve(async (request) => {
      requests.push(`${request.method} ${new URL(request.url).pathname}`);
      return await result.intercept?.(request) ?? await app.fetch(request);
    }),
  );
  const kept = started.move();
  return Object.assign(result, {
    url: server.url,
    source,
    target,
    requests,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  });
}

function oneRule(source: string, target: string): string {
  return `sync:\n- {name: app, source: ${source}/app, target: ${target}/mirror/app, type: repository}\n`;
}
