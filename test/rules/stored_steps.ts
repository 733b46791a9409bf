import assert from "node:assert/strict";
import type { DurableSteps } from "../../src/durable/steps.ts";

export interface StoredSteps {
  readonly steps: DurableSteps;
  /** The number of requests so far. */
  readonly posts: number;
  /** The number of waits so far, each counted once. */
  readonly sleeps: number;
}

/** Durable steps that store each result by its name, as JSON, as a Workflow does. */
export function storeSteps(
  { now, post, sleepUntil }: {
    readonly now: () => number;
    readonly post: DurableSteps["post"];
    readonly sleepUntil: (at: number) => void;
  },
): StoredSteps {
  const stored = new Map<string, string>();
  const failed = new Map<string, Error>();
  const slept = new Set<string>();
  let posts = 0;
  return {
    get posts(): number {
      return posts;
    },
    get sleeps(): number {
      return slept.size;
    },
    steps: {
      async run<Value>(name: string, work: () => Promise<Value>): Promise<Value> {
        assert.ok(name.length <= 256, name);
        const failure = failed.get(name);
        if (failure) throw failure;
        try {
          if (!stored.has(name)) stored.set(name, JSON.stringify(await work()));
        } catch (error) {
          assert.ok(error instanceof Error);
          failed.set(name, error);
          throw error;
        }
        return JSON.parse(stored.get(name) ?? "");
      },
      async post(path, body): Promise<Response> {
        posts += 1;
        return await post(path, body);
      },
      sleepUntil(name, at): Promise<void> {
        if (!slept.has(name)) sleepUntil(at);
        slept.add(name);
        return Promise.resolve();
      },
      now,
    },
  };
}
