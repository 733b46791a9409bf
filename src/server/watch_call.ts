import type { Context } from "hono";
import type { RunOptions } from "../engine.ts";
import type { Emit } from "../copy/model.ts";
import type { AppEnv, AppOptions } from "./app_options.ts";
import { clientDisconnected } from "./event_stream.ts";
import { withFields } from "../log.ts";
import type { Log } from "../log.ts";

/** Log, events and abort signal of one call. */
export interface Call extends Required<RunOptions> {
  /** Adds the request's id to each line. */
  readonly log: Log;
}

/** Aborts a call when its client disconnects or the host stops, and logs its retries and warnings. */
export function watchCall(context: Context<AppEnv>, options: AppOptions): Call {
  const { stopSignal, onEvent } = options;
  const log = withFields(options.log, { requestId: context.get("requestId") });
  const disconnect = new AbortController();
  const { signal } = context.req.raw;
  const onDisconnect = (): void => disconnect.abort(clientDisconnected());
  signal.addEventListener("abort", onDisconnect, { once: true });
  if (signal.aborted) onDisconnect();
  const emit: Emit = (event) => {
    if (event.type === "retry") {
      const { type: _, ...retry } = event;
      log("warn", "retry", retry);
    } else if (event.type === "warning") {
      log("warn", "warning", { detail: event.message });
    } else {
      return;
    }
    onEvent?.(event);
  };
  return {
    log,
    emit,
    signal: stopSignal ? AbortSignal.any([disconnect.signal, stopSignal]) : disconnect.signal,
  };
}
