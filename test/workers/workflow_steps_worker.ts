/** Runs one step in workerd and responds with the kind and size of its stored result. */
import type { WorkflowStep } from "cloudflare:workers";
import { toDurableSteps } from "../../src/entries/workflow_steps.ts";

/** The result that `step.do` got. */
export interface Kept {
  readonly kind: "text" | "stream" | "other";
  readonly characters: number;
  /** Whether the step returned the value of its work. */
  readonly isSame: boolean;
}

/** `characters` in the query is the length of the result as JSON. */
export default {
  async fetch(request: Request): Promise<Response> {
    const characters = Number(new URL(request.url).searchParams.get("characters"));
    let kept: Omit<Kept, "isSame"> | undefined;
    const step = {
      async do(_name: string, _config: unknown, work: () => Promise<unknown>): Promise<unknown> {
        const result = await work();
        const isStream = result instanceof ReadableStream;
        const kind = isStream ? "stream" : typeof result === "string" ? "text" : "other";
        const text = isStream ? await new Response(result).text() : String(result);
        kept = { kind, characters: text.length };
        return isStream ? new Blob([text]).stream() : result;
      },
    } as unknown as WorkflowStep;
    const self = { fetch: () => Promise.reject(new Error("nothing was to be asked")) };
    const steps = toDurableSteps(step, { self, requestId: "a" });
    // The JSON has two quotes.
    const value = "x".repeat(characters - 2);
    const isSame = await steps.run("one", () => Promise.resolve(value)) === value;
    return Response.json({ ...kept, isSame });
  },
};
