/** Assembles the HTTP API: the middleware of all requests, then the routes. */
import type { Hono } from "hono";
import { cors } from "hono/cors";
import { requestId } from "hono/request-id";
import { secureHeaders } from "hono/secure-headers";
import { createAllowed } from "./allowed.ts";
import type { AppEnv, AppOptions, PageFiles } from "./app_options.ts";
import type { HookMemory } from "../config/setup.ts";
import type { ParseError } from "../errors.ts";
import { describeError } from "../log.ts";
import { answerMissingRoute, answerProblem } from "./answer_problem.ts";
import { RequestError, toProblem } from "../problem.ts";
import type { Problem } from "../problem.ts";
import { getOuterRequestId } from "./mounted.ts";
import { logRequests } from "./request_log.ts";
import { createRouter } from "./router.ts";
import { copyRoutes } from "./routes/copies.ts";
import { healthRoutes, stopping } from "./routes/health.ts";
import { hookRoutes } from "./routes/hooks.ts";
import { imageRoutes } from "./routes/images.ts";
import { metricsRoutes } from "./routes/metrics.ts";
import { pageRoutes } from "./routes/page.ts";
import { planRoutes } from "./routes/plans.ts";
import { stepRoutes } from "./routes/steps.ts";
import { runRoutes } from "./routes/runs.ts";
import { setupRoutes } from "./routes/setup.ts";
import { syncRoutes } from "./routes/syncs.ts";
import { continueTrace } from "./tracing.ts";

/** Response headers exposed by CORS (`Access-Control-Expose-Headers`). */
const EXPOSED_HEADERS = [
  "Location",
  "X-Request-Id",
  "Retry-After",
  "Preference-Applied",
  "WWW-Authenticate",
];

/**
 * Creates the server. Its `fetch` handles requests and keeps no state between them.
 *
 * {@linkcode createClient} derives the types of its calls from the type of the result.
 */
// deno-lint-ignore explicit-function-return-type
export function createApi(options: AppOptions) {
  const { config, log } = options;
  const allowed = createAllowed(config);
  const router = createRouter();
  router.use(requestId({
    limitLength: 128,
    generator: ({ req }) => getOuterRequestId(req.raw) ?? crypto.randomUUID(),
  }));
  router.use(logRequests(options));
  router.use(continueTrace);
  router.use(secureHeaders());
  if (config.corsOrigins.length > 0) {
    const origin = [...config.corsOrigins];
    router.use("/v1/*", cors({ origin, maxAge: 600, exposeHeaders: EXPOSED_HEADERS }));
  }
  for (const path of ["/v1/*", "/hooks/*"]) {
    router.use(path, async (_, next) => {
      if (options.isStopping?.()) throw stopping();
      await next();
    });
  }
  router.onError((error, context) => {
    const problem = toClientProblem(toProblem(error), context.req.raw.signal);
    if (problem.code === "internal") {
      const requestId = context.get("requestId");
      log("error", "unexpected error", { requestId, ...describeError(error) });
    }
    return answerProblem(context, problem, error instanceof RequestError ? error.headers : {});
  });
  router.notFound((context) => answerMissingRoute(context, router.routes));

  const hooks: HookMemory = new Map();
  if (options.receiveHook) router.route("/", hookRoutes(options, options.receiveHook, hooks));
  if (options.metrics) router.route("/", metricsRoutes(options, options.metrics));
  return router
    .route("/", copyRoutes(options, allowed))
    .route("/", planRoutes(options, allowed))
    .route("/", stepRoutes(options, allowed))
    .route("/", syncRoutes(options))
    .route("/", runRoutes(options))
    .route("/", setupRoutes(options, allowed, hooks))
    .route("/", imageRoutes(options, allowed))
    .route("/", healthRoutes(options))
    .route("/", pageRoutes(options));
}

/** The API's type, for hono's client. */
export type App = ReturnType<typeof createApi>;

/**
 * Creates the server of an invalid configuration, for hosts that cannot refuse to start. `/healthz` succeeds, and the page shows the
 * error in the configuration, with which all calls get a 503.
 */
export function createBrokenApp(error: ParseError, pageFiles?: PageFiles): Hono<AppEnv> {
  const { problem } = new RequestError("internal", error.message, {
    status: 503,
    title: "The configuration is invalid",
    ...(error.hint ? { hint: error.hint } : {}),
  });
  const router = createRouter()
    .use(requestId())
    .get("/healthz", (context) => context.json({ status: "ok" }));
  if (pageFiles) router.route("/", pageRoutes({ config: { tokens: [], open: true }, pageFiles }));
  return router.all("*", (context) => answerProblem(context, problem));
}

/** A call that ends because its client disconnects is no failure of the server. Only the log and the metrics show this status. */
function toClientProblem(problem: Problem, { aborted }: AbortSignal): Problem {
  return aborted && problem.code === "aborted" ? { ...problem, status: 499 } : problem;
}
