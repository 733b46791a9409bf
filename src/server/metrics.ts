/** Prometheus metrics from the engine's spans, its events and the server's responses. */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { CrossdockError } from "../errors.ts";
import type { Trace } from "../trace.ts";
import type { AppOptions } from "./app_options.ts";

/** Options that a host passes to the server. */
export type Metrics = Required<Pick<AppOptions, "metrics" | "onAnswer" | "onEvent">> & {
  readonly trace: Trace;
  readonly onCopiesWaiting: (waiting: number) => void;
};

/** Most requests take milliseconds; the upload of a large blob takes minutes. */
const REQUEST_SECONDS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300];

/** All other methods are counted as `other`: callers could send any number of different methods. */
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** Creates metrics that start at zero. */
export function createMetrics({ now }: { now: () => number }): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const copies = new Counter({
    name: "crossdock_copies_total",
    help: "Copies that ended, by result: copied, unchanged, skipped, failed, aborted",
    labelNames: ["result"],
    registers,
  });
  const running = new Gauge({
    name: "crossdock_copies_running",
    help: "Running copies",
    registers,
  });
  const waiting = new Gauge({
    name: "crossdock_copies_waiting",
    help: "Copies of callers that wait because CROSSDOCK_MAX_COPIES are running",
    registers,
  });
  const steps = new Counter({
    name: "crossdock_steps_total",
    help: "Performed steps, by type and resulting state",
    labelNames: ["type", "state"],
    registers,
  });
  const bytes = new Counter({
    name: "crossdock_blob_bytes_total",
    help: "Bytes of blobs sent to destinations; bytes that a retry sends again count once",
    registers,
  });
  const registryRequests = new Histogram({
    name: "crossdock_registry_request_duration_seconds",
    help: "Time until a registry responds, by side, method and status class",
    labelNames: ["side", "method", "status"],
    buckets: REQUEST_SECONDS,
    registers,
  });
  const retries = new Counter({
    name: "crossdock_retries_total",
    help: "Retried requests and uploads, by side",
    labelNames: ["side"],
    registers,
  });
  const answers = new Histogram({
    name: "crossdock_http_request_duration_seconds",
    help: "Time until this server's response begins, by route, method and status",
    labelNames: ["route", "method", "status"],
    buckets: REQUEST_SECONDS,
    registers,
  });

  const trace: Trace = async (name, attributes, work) => {
    const startedAt = now();
    const values = new Map<string, string | number | boolean>(Object.entries(attributes));
    const text = (key: string): string => String(values.get(key) ?? "");
    if (name === "copy") running.inc();
    let failure: "failed" | "aborted" | undefined;
    try {
      return await work({ set: (key, value) => void values.set(key, value) });
    } catch (error) {
      failure = error instanceof CrossdockError && error.code === "aborted" ? "aborted" : "failed";
      throw error;
    } finally {
      if (name === "copy") {
        running.dec();
        copies.inc({ result: failure ?? text("crossdock.result") });
      } else if (name === "step") {
        steps.inc({ type: text("crossdock.step"), state: failure ?? text("crossdock.state") });
        bytes.inc(Number(values.get("crossdock.bytes") ?? 0));
      } else {
        const status = Number(values.get("http.response.status_code") ?? 0);
        registryRequests.observe({
          side: text("crossdock.side"),
          method: text("http.request.method"),
          status: failure ?? `${Math.floor(status / 100)}xx`,
        }, (now() - startedAt) / 1000);
      }
    }
  };

  return {
    trace,
    onCopiesWaiting: (count) => waiting.set(count),
    onEvent: (event) => {
      if (event.type === "retry") retries.inc({ side: event.side });
    },
    onAnswer: ({ route, method, status, ms }) => {
      const known = METHODS.has(method) ? method : "other";
      answers.observe({ route, method: known, status: `${status}` }, ms / 1000);
    },
    metrics: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}
