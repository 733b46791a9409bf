/** Shows the progress of a copy on stderr. */
import type { CopyEvent, Emit } from "../../copy/model.ts";
import type { CliEnvironment } from "../environment.ts";
import { isSmartTerminal } from "./color.ts";
import { formatDuration } from "./format.ts";
import { writeStderr } from "./output.ts";
import { startBars } from "./progress_bar.ts";
import { writeEvent } from "./progress_json.ts";
import { startPlainLines } from "./progress_plain.ts";
import { ProgressTally } from "./progress_tally.ts";
import type { ProgressDisplay } from "./progress_tally.ts";

type ProgressMode = "auto" | "bar" | "plain" | "json" | "none";

/** The flags that select what is shown. */
export interface ProgressFlags {
  readonly progress?: ProgressMode | undefined;
  readonly json?: boolean | undefined;
  readonly quiet?: boolean | undefined;
  /** The registry of a command that uses only one. Lines name it in place of a side. */
  readonly registry?: string | undefined;
}

export interface Progress {
  readonly emit: Emit;
  readonly tally: ProgressTally;
  /** Removes the display and shows the warnings that no event has contained. May be called again. */
  close(warnings?: readonly string[]): void;
}

export function startProgress(flags: ProgressFlags, environment: CliEnvironment): Progress {
  const tally = new ProgressTally();
  const mode = chooseMode(flags, environment);
  if (mode === "json") return startEvents(tally, environment);
  const display = startDisplay(mode, tally, environment);
  const release = mode === "bar" ? environment.lines?.printWith(display.print) : undefined;
  const shown = new Set<string>();
  const warn = (message: string): void => {
    if (flags.quiet || shown.has(message)) return;
    shown.add(message);
    display.print(`warning: ${message}`);
  };
  let isClosed = false;
  return {
    tally,
    emit(event): void {
      if (isClosed) return;
      tally.add(event);
      if (event.type === "warning") warn(event.message);
      if (event.type === "retry" && !flags.quiet) display.print(formatRetry(event, flags.registry));
      display.update(event);
    },
    close(warnings = []): void {
      if (isClosed) return;
      isClosed = true;
      display.close();
      release?.();
      warnings.forEach(warn);
    },
  };
}

/** Writes each event as a line of JSON. */
function startEvents(tally: ProgressTally, environment: CliEnvironment): Progress {
  const written = new Set<string>();
  return {
    tally,
    emit(event): void {
      tally.add(event);
      if (event.type === "warning") written.add(event.message);
      writeEvent(environment, event);
    },
    close(warnings = []): void {
      for (const message of warnings.filter((message) => !written.has(message))) {
        writeEvent(environment, { type: "warning", message });
      }
    },
  };
}

/** Bars need a terminal that can move its cursor. Without one, `bar` means `plain`. */
function chooseMode(
  { progress = "auto", json, quiet }: ProgressFlags,
  { stderr, env }: CliEnvironment,
): Exclude<ProgressMode, "auto"> {
  if (quiet || progress === "none") return "none";
  const canDraw = isSmartTerminal(stderr, env);
  if (progress === "auto") return canDraw && !json ? "bar" : "plain";
  return progress === "bar" && !canDraw ? "plain" : progress;
}

function startDisplay(
  mode: Exclude<ProgressMode, "auto" | "json">,
  tally: ProgressTally,
  environment: CliEnvironment,
): ProgressDisplay {
  switch (mode) {
    case "bar":
      return startBars(tally, environment);
    case "plain":
      return startPlainLines(tally, environment);
    case "none":
      return { update: () => {}, print: (line) => writeStderr(environment, line), close: () => {} };
  }
}

/** `retry 1 in 500 ms: source: get manifest: 503` */
export function formatRetry(
  { side, what, attempt, delayMs, reason }: CopyEvent & { type: "retry" },
  registry?: string,
): string {
  // Most reasons begin with the name of the step.
  const text = reason.startsWith(what) ? reason : `${what}: ${reason}`;
  return `retry ${attempt} in ${formatDuration(delayMs)}: ${registry ?? side}: ${text}`;
}
