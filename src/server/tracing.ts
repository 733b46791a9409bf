/** Spans by OpenTelemetry's API. Without an SDK, which is the host's to bring, they cost nothing and go nowhere. */
import { SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import type { Span } from "@opentelemetry/api";
import pkg from "../../package.json" with { type: "json" };
import { CrossdockError, ParseError } from "../errors.ts";
import type { Trace } from "../trace.ts";

const tracer = trace.getTracer("crossdock", pkg.version);

const STATUS = "http.response.status_code";

/** The engine's spans as OpenTelemetry's, each the child of the one around it. */
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

/** 401 begins a challenge, and 404 is how a registry says that something may be uploaded: neither is an error. */
function markStatus(span: Span, status: number): void {
  if (status < 400 || status === 401 || status === 404) return;
  span.setAttribute("error.type", `${status}`);
  span.setStatus({ code: SpanStatusCode.ERROR });
}

/** Errors of ours hold no secret; of any other only the name is told. */
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
