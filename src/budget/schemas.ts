/** The schema of a budget. The OpenAPI document describes it. */
import * as z from "zod";
import { planSchema } from "../copy/schemas.ts";
import { schemaFor } from "../schema.ts";
import type { Advice, Budget, BudgetWay } from "./model.ts";
import { PAID_USD_PER_MONTH } from "./platforms.ts";
import type { NeedName } from "./platforms.ts";
import { ADVICE, NEED_TEXTS, SOURCES } from "./texts.ts";

const NEEDS = Object.keys(NEED_TEXTS) as NeedName[];

const bounds = z.object({
  atLeast: z.number().nonnegative(),
  atMost: z.number().nonnegative(),
});

const advice = z.enum(Object.keys(ADVICE) as Advice[]);

const fits = z.enum(["yes", "perhaps", "no"]);

const need = bounds.extend({
  limit: z.number().exactOptional().meta({
    description: "absent if the platform states no limit for one copy",
  }),
}).meta({
  id: "Need",
  description:
    "An amount. Where the two bounds differ, the registries decide, for example whether they mount a blob, redirect its " +
    "download, or require a token. Retries are not counted",
});

const way = schemaFor<BudgetWay>()(z.object({
  way: z.enum(["inline", "durable"]).meta({
    description:
      "`inline`: within one request; `durable`: as a Workflow, each step in a request of its own",
  }),
  fits,
  exceeds: z.array(z.enum(NEEDS)).meta({
    description: "the needs with the limits that they exceed, or perhaps exceed",
  }),
  needs: z.object(
    Object.fromEntries(
      NEEDS.map((name) => [name, need.meta({ description: NEED_TEXTS[name] })]),
    ) as Record<NeedName, typeof need>,
  ),
  usd: bounds.meta({
    description:
      "price of the copy in US dollars when what the platform includes is used up, without the subscription " +
      `(workers-paid: $${PAID_USD_PER_MONTH} a month); 0 if the platform then stops instead`,
  }),
  included: z.object({ copies: bounds, per: z.enum(["day", "month"]) }).meta({
    description: "number of such copies that the platform includes, if nothing else runs there",
  }),
}));

const budgetSchema = schemaFor<Budget>()(
  z.object({
    platform: z.enum(["workers-free", "workers-paid", "deno-deploy"]),
    asOf: z.string().meta({
      description: `date of limits and prices. Workers: ${
        SOURCES["workers-paid"].join(", ")
      }. Deno Deploy: ${SOURCES["deno-deploy"].join(", ")}`,
    }),
    fits: fits.meta({
      description:
        "the best result of the ways. `perhaps`: within all limits at least, but not at most",
    }),
    ways: z.array(way).meta({ description: "Deno Deploy has only `inline`" }),
    advice: z.array(advice).meta({
      description: `what to change, if the copy does not fit in one of the ways. ${
        advice.options.map((name) => `\`${name}\`: ${ADVICE[name]}`).join(". ")
      }`,
    }),
  }).meta({ id: "Budget", description: "What a copy needs on a platform, and whether it fits" }),
);

/** The response to a request for a plan. */
export const plannedSchema = planSchema.and(
  z.object({
    budget: budgetSchema.exactOptional().meta({
      description: "present if the request has `budget`",
    }),
  }),
).meta({ id: "PlanWithBudget", description: "A plan, and what it needs on a platform" });
