/** Starts the Worker of workerd_worker.ts and calls it. */
import assert from "node:assert/strict";
import { startWorker } from "../support/workerd.ts";
import { within } from "./support.ts";
import type { Call, Result } from "./workerd_calls.ts";

export interface CalledWorker extends AsyncDisposable {
  /** Settles when the call has ended. Rejects if the Worker had an unhandled rejection. */
  call(call: Call): Promise<Result>;
}

export async function startCalledWorker(): Promise<CalledWorker> {
  const worker = await startWorker({ script: new URL("./workerd_worker.ts", import.meta.url) });
  return {
    async call(call): Promise<Result> {
      const response = fetch(worker.url, { method: "POST", body: JSON.stringify(call) });
      const result: Result = await (await within(30_000, call.type, response)).json();
      assert.deepEqual(result.unhandled, []);
      return result;
    },
    [Symbol.asyncDispose]: () => worker[Symbol.asyncDispose](),
  };
}
