/** A durable copy's failure, in the one thing of it that a Workflow keeps: its message. */
import { withoutContent } from "../copy/step.ts";
import { problemSchema, RequestError } from "../problem.ts";
import type { Problem } from "../problem.ts";
import { safeParseJson } from "../schema.ts";

/** A step that is longer as JSON is left out of the failure: a message is for people, too. */
const MAX_STEP_CHARS = 4096;

/** What a durable copy fails with. Its message says what happened, and in its last line all that is known, as JSON. */
export class CopyFailure extends Error {
  override readonly name = "CopyFailure";
  readonly problem: Problem;

  constructor(problem: Problem) {
    const bounded = boundStep(problem);
    super(`${problem.detail}\n${JSON.stringify(bounded)}`);
    this.problem = bounded;
  }
}

/** A problem that is short enough to be read: without a manifest's content, and without a step that is long all the same. */
export function boundStep({ step, ...problem }: Problem): Problem {
  if (!step) return problem;
  const bounded = withoutContent(step);
  const isLong = JSON.stringify(bounded).length > MAX_STEP_CHARS;
  return isLong ? problem : { ...problem, step: bounded };
}

/**
 * The problem that a message holds: that of a {@linkcode CopyFailure}, also behind a name that was put in front of it.
 * `undefined` where somebody else failed.
 */
export function readCopyFailure(message: string): Problem | undefined {
  const line = message.slice(message.lastIndexOf("\n") + 1);
  return safeParseJson(line, problemSchema).data;
}

/** What became of a copy whose Workflow the platform ended: too long, too large, or broken. */
export function toPlatformProblem(message: string): Problem {
  return new RequestError("aborted", `the platform stopped it: ${message}`, {
    hint: "ask for the copy again; docs/deploy/cloudflare.md says what the platform limits",
  }).problem;
}

/** Whether trying again would end the same. The codes beside the 4xx are a registry's no, which comes as a bad gateway. */
export function isPermanent({ status, code }: Problem): boolean {
  if (code === "unauthorized" || code === "tls") return true;
  return status >= 400 && status < 500 && status !== 429;
}
