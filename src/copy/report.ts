import type { Outcome, Plan, Report } from "./model.ts";
import { toCopiedState } from "./referrer_state.ts";

/** Makes the report of a copy from the outcomes of its steps. */
export function makeReport(
  plan: Plan,
  { outcomes, requests, durationMs }: Pick<Report, "requests" | "durationMs"> & {
    readonly outcomes: readonly Outcome[];
  },
): Report {
  const blobs = { streamed: 0, mounted: 0, present: 0, foreign: plan.foreign.length };
  let bytesStreamed = 0;
  let manifests = 0;
  let lists = 0;
  let receipts = 0;
  for (const outcome of outcomes) {
    if (outcome.type === "blob") {
      blobs[outcome.state] += 1;
      bytesStreamed += outcome.bytes;
    } else if (outcome.type === "manifest") {
      manifests += 1;
    } else if (outcome.state === "written") {
      lists += 1;
    } else if (outcome.state === "put") {
      receipts += 1;
    }
  }
  const referrers = plan.stages
    .filter(({ name }) => name === "referrers")
    .flatMap(({ steps }) => steps.filter(({ type }) => type === "manifest")).length;
  const isWritten = manifests + lists + blobs.streamed + blobs.mounted > 0;
  return {
    source: plan.source,
    destination: plan.destination,
    ...(plan.additionalTags ? { additionalTags: plan.additionalTags } : {}),
    digest: plan.root.digest,
    result: plan.result === "skipped" ? "skipped" : isWritten ? "copied" : "unchanged",
    blobs,
    bytesStreamed,
    manifests,
    referrers,
    ...(receipts > 0 ? { receipts } : {}),
    ...(plan.referrerState ? { referrerState: toCopiedState(plan.referrerState) } : {}),
    requests,
    durationMs,
    warnings: plan.warnings,
    ...(plan.admission ? { admission: plan.admission } : {}),
  };
}
