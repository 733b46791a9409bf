import type { AdmissionVerdict, ManifestVerdict } from "../../copy/admission.ts";

/** A verdict as lines: the result, then each requirement with its candidates. */
export function formatAdmission(verdict: AdmissionVerdict): string[] {
  const { image, result, reason, images, overridden, children = [], trustRoot } = verdict;
  return [
    `${result.padEnd(11)}${image}`,
    `reason     ${reason}`,
    ...(images === undefined ? [] : [`policy     ${images}`]),
    ...(overridden ? [`           more specific than ${overridden.join(", ")}`] : []),
    ...(trustRoot === undefined ? [] : [`trust root ${trustRoot}`]),
    ...formatRequirements(verdict),
    ...children.flatMap((child) => [
      "",
      `${child.result.padEnd(11)}${child.digest}`,
      ...formatRequirements(child),
    ]),
    ...verdict.warnings.map((warning) => `warning    ${warning}`),
  ];
}

function formatRequirements({ requirements }: ManifestVerdict): string[] {
  return requirements.flatMap(({ requirement, met, candidates }) => [
    "",
    `${met ? "met" : "not met"}: ${requirement}`,
    ...candidates.flatMap(({ name, accepted, reason }) => [
      `  ${accepted ? "accepted" : "rejected"}  ${name}`,
      `            ${reason}`,
    ]),
    ...(candidates.length === 0 ? ["  no signature was found"] : []),
  ]);
}
