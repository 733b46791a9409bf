/** `crossdock status ID --via URL`, `crossdock cancel ID --via URL` */
import type { Command } from "@commander-js/extra-typings";
import { toProblemError } from "../../client/problem_error.ts";
import type { DurableCopy } from "../../durable/durable_copies.ts";
import { CrossdockError } from "../../errors.ts";
import { addOptions } from "../options/add_options.ts";
import { openRemoteEngine } from "../options/open_remote_engine.ts";
import { jsonOption, SERVER_OPTIONS } from "../options/options.ts";
import { exitCodeOf } from "../output/exit_codes.ts";
import { formatDurableCopy } from "../output/format_report.ts";
import { writeJson, writeResult } from "../output/output.ts";
import type { CommandContext } from "./command_context.ts";

const ID = "the ID that copy --detach printed";

export function defineStatus(command: Command, context: CommandContext): void {
  const { environment, signal } = context;
  addOptions(
    command.argument("<id>", ID),
    ...SERVER_OPTIONS,
    jsonOption,
  ).action(async (id, flags) => {
    const server = await openRemoteEngine(environment, flags.via, flags);
    await printDurableCopy(await server.getCopy(id, { signal }), flags, context);
  });
}

export function defineCancel(command: Command, context: CommandContext): void {
  const { environment, signal } = context;
  addOptions(
    command.argument("<id>", ID),
    ...SERVER_OPTIONS,
    jsonOption,
  ).action(async (id, flags) => {
    const server = await openRemoteEngine(environment, flags.via, flags);
    await printDurableCopy(await server.cancelCopy(id, { signal }), flags, context);
  });
}

/**
 * Prints the state of a durable copy. If the copy failed, the exit code is that of its error.
 *
 * @throws CrossdockError the error of a failed copy, unless the JSON contains it
 */
async function printDurableCopy(
  copy: DurableCopy,
  { json }: { json?: boolean },
  { environment, setExitCode }: CommandContext,
): Promise<void> {
  const failure = copy.state === "failed" ? toFailure(copy) : undefined;
  if (!json) {
    await writeResult(environment, formatDurableCopy(copy));
    if (failure) throw failure;
    return;
  }
  if (failure) setExitCode(exitCodeOf(failure.code));
  await writeJson(environment, copy);
}

function toFailure({ problem }: DurableCopy): CrossdockError {
  if (problem) return toProblemError(problem);
  return new CrossdockError("registry", "the copy failed, and the server returned no reason");
}
