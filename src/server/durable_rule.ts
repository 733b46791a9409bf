/** What a durable run of a rule does: list, then compare page by page, and start a copy of whatever differs. */
import type { TagReport } from "../sync/rule_report.ts";
import { askSelf } from "./ask_self.ts";
import type { DurableSteps } from "./durable_copy.ts";
import type { RuleStep, RuleStepAnswers } from "./routes/rule_steps.ts";

/** A run, as a Workflow is given it: the rule is looked up in the configuration by its name. */
export interface DurableRuleRun {
  readonly rule: string;
  readonly only?: { readonly repository: string } | undefined;
}

/** What came of it. Plain JSON. */
export interface DurableRuleReport {
  readonly rule: string;
  /** How many images came to what: `unchanged`, `started`, `failed`. */
  readonly tags: Readonly<Record<string, number>>;
  /** Those that failed, and repositories that could not be listed; the first hundred. */
  readonly failures: readonly Pick<TagReport, "source" | "destination" | "error">[];
  /** Where a rate limit put off the rest, until when: milliseconds since the epoch. */
  readonly putOffUntil?: number;
}
