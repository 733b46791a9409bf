import type { CopyRequestInput } from "../copy/request.ts";
import type { Report } from "../copy/model.ts";
import { copyId } from "../durable/durable_copies.ts";
import type { DurableCopies, DurableCopy } from "../durable/durable_copies.ts";

/** The parameters of an instance. A restarted instance has the same ones. */
export interface CopyParams {
  readonly request: CopyRequestInput;
  /** The rule that started the copy. */
  readonly rule?: string;
  /** Number of requests that resolved the source. */
  readonly sourceRequests?: number;
}

/** The methods of a Workflow's binding that are used here. */
export interface WorkflowBinding {
  /** Rejects if the id exists. */
  create(options: { id: string; params: CopyParams }): Promise<unknown>;
  /** Rejects if there is no such instance. */
  get(id: string): Promise<WorkflowInstance>;
}

export interface WorkflowInstance {
  status(): Promise<
    { status: string; output?: unknown; error?: { readonly message: string } | undefined }
  >;
  /** Restarts from the beginning with the same parameters. */
  restart(): Promise<void>;
  /** An event that the Workflow does not wait for has no effect. */
  sendEvent(event: { type: string; payload: unknown }): Promise<void>;
  terminate(): Promise<void>;
}

/** States by the platform's status. Any other status, such as `waiting` or `paused`, means that the instance is running. */
const STATES: Readonly<Record<string, DurableCopy["state"]>> = {
  queued: "queued",
  complete: "complete",
  errored: "failed",
  terminated: "cancelled",
};

/** Creates durable copies, each an instance of a Workflow. */
export function createWorkflowCopies(workflow: WorkflowBinding): DurableCopies {
  const find = (id: string): Promise<WorkflowInstance | undefined> => findInstance(workflow, id);

  /** Concurrent calls with the same id create one instance. */
  async function create(id: string, params: CopyParams): Promise<void> {
    try {
      await workflow.create({ id, params });
    } catch (error) {
      if (!await find(id)) throw error;
    }
  }

  async function get(id: string): Promise<DurableCopy | undefined> {
    const instance = await find(id);
    return instance && await toCopy(id, await instance.status());
  }

  return {
    get,
    async start(request, options = {}): Promise<DurableCopy> {
      const id = await copyId(request);
      const instance = await find(id);
      if (!instance) {
        await create(id, { request, ...options });
        return { id, state: "queued" };
      }
      const copy = await toCopy(id, await instance.status());
      if (isEnded(copy)) {
        await instance.restart();
        return { id, state: "queued" };
      }
      // Cloudflare resumes an interrupted instance without help. `wrangler dev` resumes it only when an event arrives.
      await instance.sendEvent({ type: "asked-again", payload: {} }).catch(() => {});
      return copy;
    },
    async cancel(id): Promise<DurableCopy | undefined> {
      const instance = await find(id);
      if (!instance) return undefined;
      const copy = await toCopy(id, await instance.status());
      if (isEnded(copy)) return copy;
      try {
        await instance.terminate();
      } catch (error) {
        const ended = await get(id);
        if (ended && isEnded(ended)) return ended;
        throw error;
      }
      return await get(id);
    },
  };
}

/** Returns `undefined` if there is no such instance. The platform deletes ended instances after days or weeks. */
export async function findInstance<Instance>(
  workflow: { get(id: string): Promise<Instance> },
  id: string,
): Promise<Instance | undefined> {
  try {
    return await workflow.get(id);
  } catch (error) {
    if (error instanceof Error && /not_found/.test(error.message)) return undefined;
    throw error;
  }
}

/** Whether an instance with this status has ended. */
export function hasEnded(status: string): boolean {
  return isEnded({ state: STATES[status] ?? "running" });
}

function isEnded({ state }: Pick<DurableCopy, "state">): boolean {
  return state !== "queued" && state !== "running";
}

async function toCopy(
  id: string,
  { status, output, error }: Awaited<ReturnType<WorkflowInstance["status"]>>,
): Promise<DurableCopy> {
  const state = STATES[status] ?? "running";
  if (state === "complete") return { id, state, report: output as Report };
  if (state !== "failed") return { id, state };
  const { toPlatformProblem } = await import("../durable/copy_failure.ts");
  const { readCopyFailure } = await import("../durable/read_copy_failure.ts");
  const message = error?.message ?? "it returned no error message";
  return { id, state, problem: readCopyFailure(message) ?? toPlatformProblem(message) };
}
