/** Data of the API that a view shows: loaded, reloaded by hand or at an interval, with its states. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { problemOf } from "./api.ts";
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

/**
 * Calls `load` at first, when `key` changes, at `reload()`, and at the interval while the page is visible.
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
  const current = useRef(load);
  current.current = load;

  useEffect(() => {
    if (key === undefined) return setState({ isLoading: false });
    const controller = new AbortController();
    const { signal } = controller;
    // A value about something else must not stand below a new heading.
    setState((old) => old.key === key ? { ...old, isLoading: true } : { key, isLoading: true });
    current.current(signal).then(
      (value) => signal.aborted || setState({ key, value, isLoading: false, at: Date.now() }),
      (error) => {
        if (signal.aborted) return;
        const problem = problemOf(error);
        setState((old) => ({ ...old, key, problem, isLoading: false }));
      },
    );
    return () => controller.abort();
  }, [key, count]);

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
