import type { DurableSteps } from "../durable/steps.ts";
import type { RunRecorder } from "../history/recorder.ts";
import { makeRunId } from "../history/run_id.ts";
import type { RunEnd, StartedRun } from "../history/run_record.ts";

/** The history of a Workflow's runs. */
export interface DurableHistory {
  readonly save: NonNullable<RunRecorder["save"]>;
  /** The id of the Workflow. */
  readonly instanceId: string;
}

/** Records a run of a Workflow in a step. The id is the same if the step is repeated. Without a history there is no step. */
export async function recordDurably(
  run: Omit<StartedRun, "id">,
  end: RunEnd,
  steps: DurableSteps,
  history: DurableHistory | undefined,
): Promise<void> {
  if (!history) return;
  const { save, instanceId } = history;
  const id = makeRunId(run.startedAt, instanceId.slice(0, 8));
  await steps.run("record", async () => {
    await save({ id, ...run }, end);
    return null;
  });
}
