import { toProblemError } from "../../client/problem_error.ts";
import { CrossdockError } from "../../errors.ts";
import type { DurableCopy } from "../../durable/durable_copies.ts";
import type { CommandContext } from "./command_context.ts";
import { exitCodeOf } from "../output/exit_codes.ts";
import { formatDurableCopy } from "../output/format_durable_copy.ts";
import { writeJson, writeLines } from "../output/output.ts";

/**
 * Writes how a copy stands that goes on by itself. The program ends as it would have if that copy had been its own.
 *
 * @throws CrossdockError what it failed by, unless that stands in the JSON
 */
export async function tellDurableCopy(
  copy: DurableCopy,
  { json }: { json?: boolean | undefined },
  { environment, setExitCode }: CommandContext,
): Promise<void> {
  const failure = copy.state === "failed" ? toFailure(copy) : undefined;
  if (!json) {
    await writeLines(environment, formatDurableCopy(copy));
    if (failure) throw failure;
    return;
  }
  if (failure) setExitCode(exitCodeOf(failure.code));
  await writeJson(environment, copy);
}

function toFailure({ problem }: DurableCopy): CrossdockError {
  if (problem) return toProblemError(problem);
  return new CrossdockError("registry", "the copy failed, and the server does not say why");
}
