/** Data of the API that a view shows: loaded, reloaded by hand or at an interval, with its states. */
import { useCallback, useContext, useEffect, useRef, useState } from "preact/hooks";
import { isLostConnection, problemOf } from "./api.ts";
import { Context } from "./context.ts";
import type { Problem } from "../src/problem.ts";

export interface Resource<Value> {
  /** The last value. It stays while a newer one is loaded, and when that fails. */
  readonly value?: Value;
  /** Why the last call failed. */
  readonly problem?: Problem;
  readonly isLoading: boolean;
  /** Milliseconds since the epoch: when `value` arrived. */
  readonly at?: number;
  readonly reload: () => void;
}

/** The shortest interval, so that an open page does not load a server. */
const MIN_INTERVAL_MS = 5000;

/** The longest pause before a server that cannot be reached is called again. */
const MAX_RETRY_MS = 60_000;

/**
 * Calls `load` at first, when `key` changes, after a sign-in, at `reload()`, and at the interval while the page is visible. While the
 * server cannot be reached, it is called again after 5, 10, 20, 40 and then every 60 seconds.
 *
 * @param key what the value is about. `undefined` loads nothing
 */
export function useResource<Value>(
  key: string | undefined,
  load: (signal: AbortSignal) => Promise<Value>,
  { intervalMs }: { readonly intervalMs?: number } = {},
): Resource<Value> {
  const [state, setState] = useState<Omit<Resource<Value>, "reload"> & { key?: string }>({
    isLoading: key !== undefined,
  });
  const [count, setCount] = useState(0);
  const session = useContext(Context)?.session;
  const failures = useRef(0);
  const current = useRef(load);
  current.current = load;

  useEffect(() => {
    if (key === undefined) return setState({ isLoading: false });
    const controller = new AbortController();
    const { signal } = controller;
    // A value about something else must not stand below a new heading.
    setState((old) => old.key === key ? { ...old, isLoading: true } : { key, isLoading: true });
    current.current(signal).then(
      (value) => {
        if (signal.aborted) return;
        failures.current = 0;
        setState({ key, value, isLoading: false, at: Date.now() });
      },
      (error) => {
        if (signal.aborted) return;
        const problem = problemOf(error);
        setState((old) => ({ ...old, key, problem, isLoading: false }));
      },
    );
    return () => controller.abort();
  }, [key, count, session]);

  const { problem } = state;
  useEffect(() => {
    if (!problem || !isLostConnection(problem)) return;
    const pause = Math.min(MIN_INTERVAL_MS * 2 ** failures.current++, MAX_RETRY_MS);
    const timer = setTimeout(() => setCount((count) => count + 1), pause);
    return () => clearTimeout(timer);
  }, [problem]);

  useEffect(() => {
    if (key === undefined || intervalMs === undefined) return;
    const update = (): void => {
      if (!document.hidden) setCount((count) => count + 1);
    };
    const timer = setInterval(update, Math.max(intervalMs, MIN_INTERVAL_MS));
    document.addEventListener("visibilitychange", update);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", update);
    };
  }, [key, intervalMs]);

  const reload = useCallback(() => setCount((count) => count + 1), []);
  const { key: about, ...rest } = state;
  return about === key || key === undefined ? { ...rest, reload } : { isLoading: true, reload };
}
