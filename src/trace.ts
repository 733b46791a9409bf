/** The port to tracing: what takes time is done inside a span, and whoever hosts the engine decides what becomes of it. */

/** What a span is told while it lasts. */
export interface Span {
  set(name: string, value: string | number | boolean): void;
}

/**
 * Does `work` inside a span and gives what it gave. Spans are `copy`, `step` and `registry request`; attributes have
 * OpenTelemetry's names where it has one for them, and never hold a secret.
 */
export type Trace = <Result>(
  name: "copy" | "step" | "registry request",
  attributes: Readonly<Record<string, string | number>>,
  work: (span: Span) => Promise<Result>,
) => Promise<Result>;

/** No spans. */
export const noTrace: Trace = (_name, _attributes, work) => work({ set: () => {} });

/** Does work inside the spans of both, `outer`'s around `inner`'s. */
export function joinTraces(outer: Trace, inner: Trace): Trace {
  return (name, attributes, work) =>
    outer(name, attributes, (outerSpan) =>
      inner(name, attributes, (innerSpan) =>
        work({
          set(key, value): void {
            outerSpan.set(key, value);
            innerSpan.set(key, value);
          },
        })));
}
