/** Shows on stderr how a copy goes. */
import type { CopyEvent, Emit } from "../../copy/model.ts";
import type { CliEnvironment } from "../environment.ts";
import { formatDuration } from "./format_duration.ts";
import { say } from "./output.ts";
import { startBars } from "./progress_bar.ts";
import { startPlainLines } from "./progress_plain.ts";
import { ProgressTally } from "./progress_tally.ts";
import type { ProgressDisplay } from "./progress_tally.ts";

export type ProgressMode = "auto" | "bar" | "plain" | "none";

/** Options of a command that decide what is shown. */
export interface ProgressFlags {
  readonly progress?: ProgressMode | undefined;
  readonly json?: boolean | undefined;
  readonly quiet?: boolean | undefined;
}

export interface Progress {
  readonly emit: Emit;
  readonly tally: ProgressTally;
  /** Takes the display away and tells the warnings that no event has told. May be called again. */
  close(warnings?: readonly string[]): void;
}

export function startProgress(flags: ProgressFlags, environment: CliEnvironment): Progress {
  const tally = new ProgressTally();
  const display = startDisplay(chooseMode(flags, environment), tally, environment);
  const told = new Set<string>();
  const warn = (message: string): void => {
    if (flags.quiet || told.has(message)) return;
    told.add(message);
    display.say(`warning: ${message}`);
  };
  let isClosed = false;
  return {
    tally,
    emit(event): void {
      if (isClosed) return;
      tally.add(event);
      if (event.type === "warning") warn(event.message);
      if (event.type === "retry" && !flags.quiet) display.say(formatRetry(event));
      display.update(event);
    },
    close(warnings = []): void {
      if (isClosed) return;
      isClosed = true;
      display.close();
      warnings.forEach(warn);
    },
  };
}

/** Bars need a terminal that can move its cursor; `bar` elsewhere is `plain`. */
function chooseMode(
  { progress = "auto", json, quiet }: ProgressFlags,
  { stderr, env }: CliEnvironment,
): Exclude<ProgressMode, "auto"> {
  if (quiet || progress === "none") return "none";
  const canDraw = stderr.isTTY === true && env["TERM"] !== "dumb";
  if (progress === "auto") return canDraw && !json ? "bar" : "plain";
  return progress === "bar" && !canDraw ? "plain" : progress;
}

function startDisplay(
  mode: Exclude<ProgressMode, "auto">,
  tally: ProgressTally,
  environment: CliEnvironment,
): ProgressDisplay {
  switch (mode) {
    case "bar":
      return startBars(tally, environment);
    case "plain":
      return startPlainLines(tally, environment);
    case "none":
      return { update: () => {}, say: (line) => say(environment, line), close: () => {} };
  }
}

/** `retry 1 in 500 ms: source: get manifest: 503` */
export function formatRetry(event: CopyEvent & { type: "retry" }): string {
  const { side, what, attempt, delayMs, reason } = event;
  // Most reasons begin with what was being done.
  const about = reason.startsWith(what) ? reason : `${what}: ${reason}`;
  return `retry ${attempt} in ${formatDuration(delayMs)}: ${side}: ${about}`;
}
