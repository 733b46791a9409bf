/**
 * What the engine tells while it works. It never logs: a bar, a log line and an HTTP stream are all made from these.
 * Every event is plain JSON and holds no secret.
 */
import type { Side } from "./errors.ts";
import type { Report } from "./copy/report.ts";
import type { Outcome } from "./copy/perform.ts";
import type { Plan } from "./copy/plan.ts";
import type { Step } from "./copy/step.ts";

export type CopyEvent =
  /** The plan stands; steps begin. */
  | { type: "plan"; plan: Plan }
  | { type: "step-started"; step: Step }
  /** More of a blob has been read and handed to the destination. `bytes` is the sum so far and goes back after a restart. */
  | { type: "progress"; digest: string; bytes: number; sizeBytes: number }
  | { type: "step-finished"; step: Step; outcome: Outcome }
  /** A request or an upload is going to be tried again. */
  | { type: "retry"; side: Side; what: string; attempt: number; delayMs: number; reason: string }
  /** Something that the user should know and that stops nothing. */
  | { type: "warning"; message: string }
  /** The copy is complete. Always the last. */
  | { type: "report"; report: Report };

/** Takes events as they happen. It must not throw. */
export type Emit = (event: CopyEvent) => void;
