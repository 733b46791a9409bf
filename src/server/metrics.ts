/** Counts for Prometheus, made from the engine's spans, its events, and the server's answers. */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { CrossdockError } from "../errors.ts";
import type { Trace } from "../trace.ts";
import type { AppOptions } from "./app_options.ts";

/** What a host hands on to the server. */
export type Metrics = Required<Pick<AppOptions, "metrics" | "onAnswer" | "onEvent">> & {
  readonly trace: Trace;
};

/** A registry answers in milliseconds, and takes a large blob for minutes. */
const REQUEST_SECONDS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300];

/** Any other is `other`: callers may make up as many as they like. */
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** Counts from now on. */
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
    help: "Copies under way",
    registers,
  });
  const steps = new Counter({
    name: "crossdock_steps_total",
    help: "Steps performed, by type and by what became of them",
    labelNames: ["type", "state"],
    registers,
  });
  const bytes = new Counter({
    name: "crossdock_blob_bytes_total",
    help: "Bytes of blobs sent to destinations, each counted once",
    registers,
  });
  const registryRequests = new Histogram({
    name: "crossdock_registry_request_duration_seconds",
    help: "Requests to registries until their answer, by side, method and class of status",
    labelNames: ["side", "method", "status"],
    buckets: REQUEST_SECONDS,
    registers,
  });
  const retries = new Counter({
    name: "crossdock_retries_total",
    help: "Requests and uploads that were tried again, by side",
    labelNames: ["side"],
    registers,
  });
  const answers = new Histogram({
    name: "crossdock_http_request_duration_seconds",
    help: "Requests to this server until their answer began, by route, method and status",
    labelNames: ["route", "method", "status"],
    buckets: REQUEST_SECONDS,
    registers,
  });

  const trace: Trace = async (name, attributes, work) => {
    const startedAt = now();
    const told = new Map<string, string | number | boolean>(Object.entries(attributes));
    const text = (key: string): string => String(told.get(key) ?? "");
    if (name === "copy") running.inc();
    let failure: "failed" | "aborted" | undefined;
    try {
      return await work({ set: (key, value) => void told.set(key, value) });
    } catch (error) {
      failure = error instanceof CrossdockError && error.code === "aborted" ? "aborted" : "failed";
      throw error;
    } finally {
      if (name === "copy") {
        running.dec();
        copies.inc({ result: failure ?? text("crossdock.result") });
      } else if (name === "step") {
        steps.inc({ type: text("crossdock.step"), state: failure ?? text("crossdock.state") });
        bytes.inc(Number(told.get("crossdock.bytes") ?? 0));
      } else {
        const status = Number(told.get("http.response.status_code") ?? 0);
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
