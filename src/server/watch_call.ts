import type { Context } from "hono";
import type { RunOptions } from "../engine.ts";
import type { Emit } from "../copy/model.ts";
import type { AppEnv, AppOptions } from "./app_options.ts";
import { clientGone } from "./event_stream.ts";
import { withFields } from "../log.ts";
import type { Log } from "../log.ts";

/** How one call is watched over while the engine works for it. */
export interface Call extends Required<RunOptions> {
  /** Its lines have the request's id. */
  readonly log: Log;
}

/** A call lasts until its client goes away or the host has to end; what makes it slow is logged. */
export function watchCall(context: Context<AppEnv>, options: AppOptions): Call {
  const { stopSignal, onEvent } = options;
  const log = withFields(options.log, { requestId: context.get("requestId") });
  const gone = new AbortController();
  const { signal } = context.req.raw;
  const onGone = (): void => gone.abort(clientGone());
  signal.addEventListener("abort", onGone, { once: true });
  if (signal.aborted) onGone();
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
    signal: stopSignal ? AbortSignal.any([gone.signal, stopSignal]) : gone.signal,
  };
}
