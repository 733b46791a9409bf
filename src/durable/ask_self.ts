import { LimitedBytesTransformStream } from "@std/streams/limited-bytes-transform-stream";
import { toText } from "@std/streams/to-text";
import type { Step } from "../copy/step.ts";
import { CopyFailure, toPlatformProblem } from "./copy_failure.ts";
import type { DurableSteps } from "./steps.ts";
import { RequestError } from "../problem.ts";
import { problemSchema } from "../problem_schema.ts";
import type { Problem } from "../problem.ts";

/** Longest excerpt of a response that does not come from crossdock. */
const MAX_QUOTED_CHARS = 200;

/** Half of the memory of a Worker. A list of a million tags takes about 20 MB, a plan of 60 000 steps 30 MB. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

export interface AskOptions {
  /** The step that the request performs, for the failure. */
  readonly step?: Step;
  readonly signal?: AbortSignal;
}

/**
 * Sends a request to the server's own API. The response of the same version needs no validation.
 *
 * @throws CopyFailure with the problem, if the request failed
 */
export async function askSelf<Answer>(
  { post }: Pick<DurableSteps, "post">,
  path: string,
  body: unknown,
  { step, signal }: AskOptions = {},
): Promise<Answer> {
  let problem: Problem;
  try {
    const response = await post(path, body, signal);
    const text = await readText(response);
    if (response.ok) return JSON.parse(text) as Answer;
    problem = toProblemOf(response, text);
  } catch (error) {
    problem = error instanceof RangeError
      ? new RequestError("limit", `the response to ${path} has more than ${MAX_ANSWER_BYTES} bytes`)
        .problem
      : toPlatformProblem(error instanceof Error ? error.message : String(error));
  }
  throw new CopyFailure({ ...problem, ...(step ? { step } : {}) });
}

/** @throws RangeError for a longer body */
async function readText({ body }: Response): Promise<string> {
  const limit = new LimitedBytesTransformStream(MAX_ANSWER_BYTES, { error: true });
  return body ? await toText(body.pipeThrough(limit)) : "";
}

function toProblemOf({ headers, status }: Response, text: string): Problem {
  if (headers.get("content-type") === "application/problem+json") {
    return problemSchema.parse(JSON.parse(text));
  }
  return toPlatformProblem(`${status} ${text.slice(0, MAX_QUOTED_CHARS)}`);
}
