import type { Plan, Stage } from "../../copy/model.ts";
import type { BlobStep, ManifestStep, Step } from "../../copy/step.ts";
import { formatBytes, formatCount, shortDigest } from "./format.ts";

/** A plan as lines: the stages in order with one line per step, then the totals. */
export function formatPlan(plan: Plan): string[] {
  return [
    `from  ${plan.source}`,
    `to    ${plan.destination}`,
    ...(plan.additionalTags ? [`tags  ${plan.additionalTags.join(", ")}`] : []),
    `now   ${plan.current ?? "not found"}`,
    ...(plan.admission ? [`policy ${plan.admission.result}: ${plan.admission.reason}`] : []),
    ...plan.stages.flatMap(formatStage),
    ...formatForeign(plan),
    "",
    ...formatTotals(plan),
  ];
}

function formatStage({ name, steps }: Stage, index: number, stages: readonly Stage[]): string[] {
  // Consecutive stages may have the same name: children are copied before their parents.
  const heading = stages[index - 1]?.name === name ? [] : ["", name];
  return [...heading, ...steps.map((step) => `  ${formatStep(step)}`)];
}

function formatStep(step: Step): string {
  switch (step.type) {
    case "blob":
      return `${formatContent(step.descriptor)}  ${formatFate(step)}`;
    case "manifest":
      return `${formatContent(step.descriptor)}  ${formatPut(step)}`;
    case "referrers":
      return `${shortDigest(step.subject).padEnd(19)}  ${"".padStart(9)}  ${`add ${
        formatCount(step.referrers.length, "referrer")
      } to the referrers tag if the registry has no referrers API`}`;
    case "receipt":
      return `${formatContent(step.descriptor)}  sign a receipt`;
  }
}

function formatContent({ digest, size }: { digest: string; size: number }): string {
  return `${shortDigest(digest).padEnd(19)}  ${formatBytes(size).padStart(9)}`;
}

function formatFate({ found, mountFrom }: BlobStep): string {
  if (found === "present") return "already present";
  return mountFrom.length > 0 ? `mount from ${mountFrom.join(" or ")}` : "stream";
}

function formatPut({ descriptor, tag, content }: ManifestStep): string {
  const type = descriptor.artifactType ?? descriptor.mediaType;
  return [
    tag === undefined ? "put" : `put as ${tag}`,
    `(${type}${content === undefined ? "" : ", rebuilt"})`,
  ].join(" ");
}

function formatForeign({ foreign }: Plan): string[] {
  if (foreign.length === 0) return [];
  return ["", "foreign", ...foreign.map((layer) => `  ${formatContent(layer)}  not copied`)];
}

const NOTHING: Readonly<Record<Exclude<Plan["result"], "copied">, string>> = {
  unchanged: "nothing to do: the destination already has this image",
  skipped: "nothing to do: the destination has another image, which --if-exists skip keeps",
};

function formatTotals({ result, stages, totals }: Plan): string[] {
  const nothing = result === "copied" || stages.length > 0 ? [] : [NOTHING[result]];
  if (totals === undefined) return nothing;
  const { blobs, bytes, manifests, requests } = totals;
  const requestsLine =
    `requests   ${requests.source} to the source, ${requests.destination} to the destination`;
  if (nothing.length > 0) return [...nothing, requestsLine];
  return [
    `blobs      ${
      [
        formatBlobs(blobs.stream, bytes.stream, "to stream"),
        formatBlobs(blobs.mount, bytes.mount, "to mount"),
        formatBlobs(blobs.present, bytes.present, "already present"),
      ].join(", ")
    }`,
    `manifests  ${manifests} to put`,
    requestsLine,
  ];
}

function formatBlobs(count: number, bytes: number, fate: string): string {
  return count === 0 ? `0 ${fate}` : `${count} ${fate} (${formatBytes(bytes)})`;
}
