import type { CopyRequestInput } from "../copy/request.ts";
import type { Report } from "../copy/model.ts";
import { readCopyFailure, toPlatformProblem } from "../durable/copy_failure.ts";
import { copyId } from "../durable/copy_id.ts";
import type { DurableCopies, DurableCopy } from "../durable/durable_copies.ts";

/** What an instance is begun with, and begun again. */
export interface CopyParams {
  readonly request: CopyRequestInput;
  /** The rule that wanted it. */
  readonly rule?: string;
}

/** What is asked of a Workflow's binding. */
export interface WorkflowBinding {
  /** Rejects where the id is taken. */
  create(options: { id: string; params: CopyParams }): Promise<unknown>;
  /** Rejects where there is none. */
  get(id: string): Promise<WorkflowInstance>;
}

export interface WorkflowInstance {
  status(): Promise<
    { status: string; output?: unknown; error?: { readonly message: string } | undefined }
  >;
  /** From the beginning, with the same parameters. */
  restart(): Promise<void>;
  /** One that nobody waits for changes nothing. */
  sendEvent(event: { type: string; payload: unknown }): Promise<void>;
  terminate(): Promise<void>;
}

/** The platform's words; all others, such as `waiting` and `paused`, are of instances that have not ended. */
const STATES: Readonly<Record<string, DurableCopy["state"]>> = {
  queued: "queued",
  complete: "complete",
  errored: "failed",
  terminated: "cancelled",
};

/** Durable copies, each an instance of a Workflow. */
export function createWorkflowCopies(workflow: WorkflowBinding): DurableCopies {
  const find = (id: string): Promise<WorkflowInstance | undefined> => findInstance(workflow, id);

  /** Two who ask at once create one instance. */
  async function create(id: string, params: CopyParams): Promise<void> {
    try {
      await workflow.create({ id, params });
    } catch (error) {
      if (!await find(id)) throw error;
    }
  }

  async function get(id: string): Promise<DurableCopy | undefined> {
    const instance = await find(id);
    return instance && toCopy(id, await instance.status());
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
      const copy = toCopy(id, await instance.status());
      if (isEnded(copy)) {
        await instance.restart();
        return { id, state: "queued" };
      }
      // On the platform one that was cut off goes on by itself. The local one of `wrangler dev` waits for something to happen.
      await instance.sendEvent({ type: "asked-again", payload: {} }).catch(() => {});
      return copy;
    },
    async cancel(id): Promise<DurableCopy | undefined> {
      const instance = await find(id);
      if (!instance) return undefined;
      const copy = toCopy(id, await instance.status());
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

/** `undefined` where the platform knows of none; it forgets those that ended some days or weeks ago. */
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

/** Whether an instance has ended, by the platform's word for its state. */
export function hasEnded(status: string): boolean {
  return isEnded({ state: STATES[status] ?? "running" });
}

function isEnded({ state }: Pick<DurableCopy, "state">): boolean {
  return state !== "queued" && state !== "running";
}

function toCopy(
  id: string,
  { status, output, error }: Awaited<ReturnType<WorkflowInstance["status"]>>,
): DurableCopy {
  const state = STATES[status] ?? "running";
  if (state === "complete") return { id, state, report: output as Report };
  if (state !== "failed") return { id, state };
  const message = error?.message ?? "it did not say why";
  return { id, state, problem: readCopyFailure(message) ?? toPlatformProblem(message) };
}
