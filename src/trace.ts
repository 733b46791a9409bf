/** The port to tracing. The engine runs its slow operations in spans, and the host of the engine exports them. */

/** An open span, to which attributes can be added. */
export interface Span {
  /** Sets an attribute. */
  set(name: string, value: string | number | boolean): void;
}

/**
 * Runs `work` in a span and returns its result. Spans are `copy`, `step` and `registry request`. Attributes use the names of
 * OpenTelemetry where it defines one, and never contain a secret.
 */
export type Trace = <Result>(
  name: "copy" | "step" | "registry request",
  attributes: Readonly<Record<string, string | number>>,
  work: (span: Span) => Promise<Result>,
) => Promise<Result>;

/** Runs work without a span. */
export const noTrace: Trace = (_name, _attributes, work) => work({ set: () => {} });

/** Combines two traces: runs work in a span of `inner`, which is in a span of `outer`. */
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
