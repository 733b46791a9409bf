import type { Step } from "../copy/step.ts";
import { CopyFailure, toPlatformProblem } from "./copy_failure.ts";
import type { DurableSteps } from "./steps.ts";
import { problemSchema } from "../problem.ts";
import type { Problem } from "../problem.ts";

/** Longest excerpt of a response that does not come from crossdock. */
const MAX_QUOTED_CHARS = 200;

/**
 * Sends a request to the server's own API. The response of the same version needs no validation.
 *
 * @throws CopyFailure with the problem, if the request failed
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
