import type { Step } from "../copy/step.ts";
import { CopyFailure, toPlatformProblem } from "./copy_failure.ts";
import type { DurableSteps } from "./steps.ts";
import { problemSchema } from "../problem.ts";
import type { Problem } from "../problem.ts";

/** Of an answer that is not ours. */
const MAX_QUOTED_CHARS = 200;

/**
 * Asks the server's own API, whose answers are of known shape.
 *
 * @throws CopyFailure with what came instead
 */
export async function askSelf<Answer>(
  { post }: DurableSteps,
  path: string,
  body: unknown,
  step?: Step,
): Promise<Answer> {
  let problem: Problem;
  try {
    const response = await post(path, body);
    if (response.ok) return await response.json() as Answer;
    problem = await readProblem(response);
  } catch (error) {
    problem = toPlatformProblem(error instanceof Error ? error.message : String(error));
  }
  throw new CopyFailure({ ...problem, ...(step ? { step } : {}) });
}

async function readProblem(response: Response): Promise<Problem> {
  const text = await response.text();
  if (response.headers.get("content-type") === "application/problem+json") {
    return problemSchema.parse(JSON.parse(text));
  }
  return toPlatformProblem(`${response.status} ${text.slice(0, MAX_QUOTED_CHARS)}`);
}
