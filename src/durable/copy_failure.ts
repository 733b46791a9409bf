/** Encodes a durable copy's failure in the error's message: a Workflow stores nothing else of an error. */
import { boundProblem, RequestError } from "../problem.ts";
import type { Problem } from "../problem.ts";

/** The error of a durable copy. Its message is the problem's detail, followed by a line with the whole problem as JSON. */
export class CopyFailure extends Error {
  override readonly name = "CopyFailure";
  readonly problem: Problem;

  constructor(problem: Problem) {
    const bounded = boundProblem(problem);
    super(`${problem.detail}\n${JSON.stringify(bounded)}`);
    const { missing } = problem;
    this.problem = missing ? { ...bounded, missing } : bounded;
  }
}

/** The problem of a Workflow that the platform ended, for example because it exceeded a limit. */
export function toPlatformProblem(message: string): Problem {
  return new RequestError("aborted", `the platform stopped the Workflow: ${message}`, {
    hint: "start it again; docs/deploy/cloudflare-limits.md lists the platform's limits",
  }).problem;
}

/** Whether a retry would fail again. Rejected credentials and TLS errors of a registry are permanent, although they are 5xx. */
export function isPermanent({ status, code }: Problem): boolean {
  if (code === "unauthorized" || code === "tls") return true;
  return status >= 400 && status < 500 && status !== 429;
}
