import type { CopyRequest } from "../copy/request.ts";
import type { Report } from "../copy/model.ts";
import type { CopyOptions, LocalEngine } from "../engine.ts";
import { describeError } from "../log.ts";
import type { Log } from "../log.ts";
import { boundProblem, toProblem } from "../problem.ts";

/** Runs a copy and logs its start and its result. */
export async function runCopy(
  request: CopyRequest,
  { engine, log, ...options }: CopyOptions & { engine: Pick<LocalEngine, "copy">; log: Log },
): Promise<Report> {
  const { source, destination } = request.input;
  log("info", "copy started", { source, destination });
  try {
    const report = await engine.copy(request, options);
    const { warnings: _, ...summary } = report;
    log("info", "copy ended", summary);
    return report;
  } catch (error) {
    const problem = boundProblem(toProblem(error));
    const isServerError = problem.status >= 500 && problem.code !== "aborted";
    log(isServerError ? "error" : "warn", "copy failed", {
      source,
      destination,
      problem,
      ...(problem.code === "internal" ? describeError(error) : {}),
    });
    throw error;
  }
}
