/**
 * Limits and prices of the platforms that `--budget` knows, and the CPU time that copies were measured to need. `texts.ts` names the
 * pages that state them.
 */

/** An amount that a copy needs. `…PerInvocation` is that of its largest invocation. */
export type NeedName =
  | "invocations"
  | "subrequests"
  | "subrequestsPerInvocation"
  | "workflowCalls"
  | "steps"
  | "cpuMs"
  | "cpuMsPerInvocation"
  | "egressBytes";

export type PlatformName = "workers-free" | "workers-paid" | "deno-deploy";

type Amounts = Readonly<Partial<Record<NeedName, number>>>;

/** Limits and prices of a platform, and the CPU time of blobs on it. */
export interface PlatformTerms {
  /**
   * What one copy can have at most: also what all copies have together, where more is not for sale. A platform without
   * `workflowCalls` has no Workflows.
   */
  readonly limits: Amounts;
  /** What all copies of a day or a month have together without a further price. */
  readonly included: Amounts & { readonly per: "day" | "month" };
  /** US dollars for one more, when what is included is used up. Empty if the platform then stops. */
  readonly prices: Amounts;
  /** CPU time for a GiB of a blob that passes untouched, at least and at most, in milliseconds. */
  readonly untouchedGibMs: readonly [number, number];
  /** The same for a blob that is hashed. */
  readonly hashedGibMs: readonly [number, number];
}

/** The subscription of `workers-paid`, in US dollars a month. The others have none. */
export const PAID_USD_PER_MONTH = 5;

/** When the figures were last compared with copies of the pages. The comments have the dates of the pages. */
export const AS_OF = "2026-11-26";

export const GIB = 1024 ** 3;
const HOUR_MS = 3_600_000;

const WORKERS = {
  // `deno task bench:workerd` measures the whole process: 300 and 1200 until workerd 1.20260917, 1000 and 2000 later. The runtime
  // itself moves a body that passes untouched, and the platform may count none of that.
  untouchedGibMs: [0, 1000],
  hashedGibMs: [600, 2000],
} as const;

/** The free plan of Deno Deploy in a month: deno.com/deploy/pricing, as of 2026-09-18. */
const DENO_FREE = { invocations: 1_000_000, cpuMs: 10 * HOUR_MS, egressBytes: 20 * GIB };

export const PLATFORMS: Readonly<Record<PlatformName, PlatformTerms>> = {
  "workers-free": {
    ...WORKERS,
    limits: {
      invocations: 100_000,
      // workers/platform/limits, updated 2026-07-28.
      subrequestsPerInvocation: 50,
      cpuMsPerInvocation: 10,
      // workflows/reference/limits, read in November 2026.
      workflowCalls: 50,
      steps: 1024,
    },
    // Steps: workflows/reference/pricing, updated 2026-07-21. They are billed since 2026-08-10.
    included: { per: "day", invocations: 100_000, steps: 3000 },
    prices: {},
  },
  "workers-paid": {
    ...WORKERS,
    limits: {
      subrequestsPerInvocation: 10_000,
      workflowCalls: 10_000,
      steps: 10_000,
      // The default. `[limits] cpu_ms` in wrangler.toml can raise it to 300,000.
      cpuMsPerInvocation: 30_000,
    },
    included: { per: "month", invocations: 10_000_000, cpuMs: 30_000_000, steps: 500_000 },
    // Cloudflare does not bill the calls of a Workflow to its own Worker. Their price is small beside that of the steps.
    prices: { invocations: 0.3 / 1e6, cpuMs: 0.02 / 1e6, steps: 0.8 / 1e5 },
  },
  "deno-deploy": {
    limits: DENO_FREE,
    included: { per: "month", ...DENO_FREE },
    // Beyond what the Pro plan includes (20 dollars a month: 5 million requests, 50 hours of CPU, 200 GiB).
    prices: { invocations: 2 / 1e6, cpuMs: 0.05 / HOUR_MS, egressBytes: 0.5 / GIB },
    // Measured with Deno 2.9 on two cores.
    untouchedGibMs: [600, 600],
    hashedGibMs: [1600, 1600],
  },
};

/**
 * CPU time per request in milliseconds, measured by `deno task bench:worker`: docs/deploy/cloudflare-limits.md. The platforms measure in
 * their own way, so these are estimates.
 */
export const CPU_MS = {
  /** Planning, for each manifest. */
  manifestRead: 2.1,
  /** A blob up to 256 KiB. */
  smallBlob: 1.6,
  /** A larger blob, without its bytes. */
  largeBlob: 2.5,
  /** A manifest that is put, or a blob that is not sent. */
  other: 1.4,
  /** At least half: the process that was measured has Workers of its own. */
  least: 0.5,
  /** At most three times as long: the first requests of an isolate. */
  most: 3,
};
