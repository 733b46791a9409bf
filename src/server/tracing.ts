/** Spans by the OpenTelemetry API. Without an SDK, which the host provides, they are not recorded and cost nothing. */
import { context, propagation, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import type { Span, TextMapGetter } from "@opentelemetry/api";
import type { MiddlewareHandler } from "hono";
import { CrossdockError, ParseError } from "../errors.ts";
import type { Trace } from "../trace.ts";
import { PACKAGE_VERSION } from "../version.ts";

const tracer = trace.getTracer("crossdock", PACKAGE_VERSION);

const STATUS = "http.response.status_code";

/** Records the engine's spans as OpenTelemetry spans. */
export const traceSpans: Trace = (name, attributes, work) => {
  const kind = name === "registry request" ? SpanKind.CLIENT : SpanKind.INTERNAL;
  return tracer.startActiveSpan(name, { kind, attributes }, async (span) => {
    try {
      return await work({
        set(key, value): void {
          span.setAttribute(key, value);
          if (key === STATUS && typeof value === "number") markStatus(span, value);
        },
      });
    } catch (error) {
      markError(span, error);
      throw error;
    } finally {
      span.end();
    }
  });
};

/** 401 starts authentication, and 404 means that content is not there yet. Neither is an error. */
function markStatus(span: Span, status: number): void {
  if (status < 400 || status === 401 || status === 404) return;
  span.setAttribute("error.type", `${status}`);
  span.setStatus({ code: SpanStatusCode.ERROR });
}

/** The messages of crossdock's errors hold no secrets. Of any other error only the name is recorded. */
function markError(span: Span, error: unknown): void {
  if (error instanceof CrossdockError || error instanceof ParseError) {
    const { name, message, code } = error;
    span.recordException({ name, message });
    span.setAttribute("error.type", code);
    span.setStatus({ code: SpanStatusCode.ERROR, message });
    return;
  }
  const name = error instanceof Error ? error.name : typeof error;
  span.recordException({ name });
  span.setAttribute("error.type", name);
  span.setStatus({ code: SpanStatusCode.ERROR, message: name });
}

const headers: TextMapGetter<Headers> = {
  get: (carrier, key) => carrier.get(key) ?? undefined,
  keys: (carrier) => [...carrier.keys()],
};

/**
 * Makes the caller's span the parent of this server's spans. The host's OpenTelemetry SDK reads the headers, usually
 * `traceparent`. A host that traces requests itself has an active span already. https://www.w3.org/TR/trace-context/
 */
export const continueTrace: MiddlewareHandler = async ({ req }, next) => {
  const active = context.active();
  if (trace.getSpan(active)) return await next();
  await context.with(propagation.extract(active, req.raw.headers, headers), next);
};
