/** The data of a budget: what a copy needs on a platform. `schemas.ts` has its schema. */
import type { Plan } from "../copy/model.ts";
import type { NeedName, PlatformName } from "./platforms.ts";

/**
 * An amount. Where the two bounds differ, the registries decide, for example whether they mount a blob, redirect its download, or
 * require a token. Retries are not counted.
 */
export interface Bounds {
  /** At least this much. */
  readonly atLeast: number;
  /** At most this much. */
  readonly atMost: number;
}

/** An amount with the limit of the platform for one copy. */
export interface Need extends Bounds {
  /** Absent if the platform states no limit. */
  readonly limit?: number;
}

/** Whether an amount is within its limit. `perhaps`: at least it is, at most it is not. */
export type Fit = "yes" | "perhaps" | "no";

/** Something to change; `texts.ts` has the words. */
export type Advice =
  | "durable"
  | "paid-plan"
  | "cpu-ms"
  | "pro-plan"
  | "verify-destination"
  | "fewer-platforms";

/** A way to run the copy. */
export interface BudgetWay {
  /** `inline`: within one request; `durable`: as a Workflow, each step in a request of its own. */
  readonly way: "inline" | "durable";
  /** Whether all needs are within their limits. */
  readonly fits: Fit;
  /** The needs with the limits that they exceed, or perhaps exceed. */
  readonly exceeds: readonly NeedName[];
  /** What the copy needs. */
  readonly needs: Readonly<Record<NeedName, Need>>;
  /**
   * Price of the copy in US dollars when what the platform includes is used up, without the subscription. 0 if the platform then
   * stops instead.
   */
  readonly usd: Bounds;
  /** Number of such copies that the platform includes, if nothing else runs there. */
  readonly included: { readonly copies: Bounds; readonly per: "day" | "month" };
}

/** What a copy needs on a platform, and whether it fits. */
export interface Budget {
  /** The platform. */
  readonly platform: PlatformName;
  /** Date of limits and prices. */
  readonly asOf: string;
  /** The best result of the ways. */
  readonly fits: Fit;
  /** Deno Deploy has only the first. */
  readonly ways: readonly BudgetWay[];
  /** What to change, if the copy does not fit in one of the ways. */
  readonly advice: readonly Advice[];
}

/** The response to a request for a plan. */
export interface PlanWithBudget extends Plan {
  /** Present if the request has `budget`. */
  readonly budget?: Budget;
}
