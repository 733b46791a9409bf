/** How views show what is not there: loading, empty, failed. */
import type { ComponentChildren, JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { Problem } from "../../src/problem.ts";
import { formatTime } from "./format.ts";

/** Says what is loaded. It appears after a moment, so that fast answers do not flicker. */
export function Loading({ what }: { readonly what: string }): JSX.Element {
  return <p class="loading" role="status">Loading {what}…</p>;
}

/** Nothing is there, and that is no failure. The children say why, and what to do. */
export function Empty(
  { title, children }: { readonly title: string; readonly children?: ComponentChildren },
): JSX.Element {
  return (
    <section class="empty">
      <h2>{title}</h2>
      {children}
    </section>
  );
}

/** What failed, why, and what to do next. */
export function ProblemBox(
  { problem, onRetry, children }: {
    readonly problem: Problem;
    readonly onRetry?: () => void;
    readonly children?: ComponentChildren;
  },
): JSX.Element {
  const { title, detail, hint, errors = [], requestId, retryAfterMs } = problem;
  const retryAt = useMemo(() => Date.now() + (retryAfterMs ?? 0), [problem]);
  return (
    <div class="problem" role="alert">
      <p>
        <strong>{title}</strong>
      </p>
      <p class="detail">{detail}</p>
      {errors.length > 0 && (
        <ul>
          {errors.map(({ pointer, parameter, detail }) => (
            <li key={`${pointer} ${parameter} ${detail}`}>
              <code>{pointer ?? parameter}</code>: {detail}
            </li>
          ))}
        </ul>
      )}
      {hint && <p class="hint">{hint}</p>}
      {retryAfterMs !== undefined && <p>Not before {formatTime(retryAt)}.</p>}
      {requestId && (
        <p class="quiet">
          Request <code>{requestId}</code> in the server's log
        </p>
      )}
      <div class="row">
        {children}
        {onRetry && <button type="button" onClick={onRetry}>Try again</button>}
      </div>
    </div>
  );
}
