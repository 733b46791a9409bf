/** What a budget means, in words: for the command line and the API's description. The Worker does not need them. */
import type { Advice } from "./model.ts";
import type { NeedName, PlatformName } from "./platforms.ts";

export const ADVICE: Readonly<Record<Advice, string>> = {
  "durable":
    "copy durably, as a Workflow: add --detach to copy --via; in the API, send Prefer: respond-async. Rules copy durably if the " +
    "Worker has its Workflows",
  "paid-plan":
    "use the paid plan of Workers, from $5 a month: 30 s of CPU time and 10,000 subrequests per invocation, 10,000 steps",
  "cpu-ms":
    "raise the limit of CPU time per invocation, up to 5 min: [limits] cpu_ms = 300_000 in wrangler.toml",
  "pro-plan":
    "use the Pro plan of Deno Deploy, $20 a month: it includes 200 GiB of egress and 50 hours of CPU time",
  "verify-destination":
    "let the destination check the digests, if it is known to: --verify destination, or verify: destination in a rule. Large " +
    "blobs then need at most half of the CPU time",
  "fewer-platforms": "copy fewer platforms: for example --platform linux/amd64",
};

export const NEED_TEXTS: Readonly<Record<NeedName, string>> = {
  invocations:
    "runs of the server's code: for one request, or for the Workflow. Workers bills only those from outside",
  subrequests: "requests to registries and token servers",
  subrequestsPerInvocation: "requests to registries and token servers of the largest invocation",
  workflowCalls:
    "calls of the Workflow to its own Worker. Above the limit, it waits six minutes after each 50",
  steps: "steps of the Workflow",
  cpuMs: "CPU time in milliseconds, estimated from measurements",
  cpuMsPerInvocation: "CPU time of the largest invocation in milliseconds",
  egressBytes: "bytes sent to the destination",
};

const WORKERS_SOURCES = [
  "https://developers.cloudflare.com/workers/platform/limits/",
  "https://developers.cloudflare.com/workers/platform/pricing/",
  "https://developers.cloudflare.com/workflows/reference/limits/",
  "https://developers.cloudflare.com/workflows/reference/pricing/",
];

/** Pages that state the figures of `platforms.ts`. */
export const SOURCES: Readonly<Record<PlatformName, readonly string[]>> = {
  "workers-free": WORKERS_SOURCES,
  "workers-paid": WORKERS_SOURCES,
  "deno-deploy": [
    "https://deno.com/deploy/pricing",
    "https://docs.deno.com/deploy/pricing_and_limits/",
  ],
};

const WORKERS_NOT_COUNTED = [
  "the history (KV namespace HISTORY): one write and two steps for each durable copy of a caller",
  "a remembered state (KV namespace STATE): one read, one write, one delete and one step for each repository of a rule's run",
];

/** What a budget leaves out: it depends on the bindings of the Worker, or is no part of a copy. */
export const NOT_COUNTED: Readonly<Record<PlatformName, readonly string[]>> = {
  "workers-free": [
    ...WORKERS_NOT_COUNTED,
    "KV has 1,000 writes and 1,000 deletes a day",
  ],
  "workers-paid": WORKERS_NOT_COUNTED,
  "deno-deploy": [],
};

/** What these pages do not state, or what could not be read there. */
export const UNCONFIRMED: Readonly<Record<PlatformName, readonly string[]>> = {
  "workers-free": [
    "whether calls of a Workflow to its own Worker count to the 50 subrequests, or to 1,000 for Cloudflare's services",
  ],
  "workers-paid": [],
  "deno-deploy": [
    "the prices beyond what the Pro plan includes; they are those of May 2026",
    "whether uploads to a registry count as egress; here they do",
  ],
};
