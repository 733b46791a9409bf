import { context, propagation, trace } from "@opentelemetry/api";
import type { TextMapGetter } from "@opentelemetry/api";
import type { MiddlewareHandler } from "hono";

const headers: TextMapGetter<Headers> = {
  get: (carrier, key) => carrier.get(key) ?? undefined,
  keys: (carrier) => [...carrier.keys()],
};

/**
 * Makes the caller's span the parent of what is done here, in whatever form the host's OpenTelemetry SDK reads it: `traceparent`
 * as a rule. A host that spans requests by itself has done so already. https://www.w3.org/TR/trace-context/
 */
export const continueTrace: MiddlewareHandler = async ({ req }, next) => {
  const active = context.active();
  if (trace.getSpan(active)) return await next();
  await context.with(propagation.extract(active, req.raw.headers, headers), next);
};
