import type { AccessCheck } from "../../registry/check_access.ts";

const RESULTS: Readonly<Record<AccessCheck["result"], string>> = {
  accepted: "the registry accepts the credential",
  refused: "the registry rejects the credential",
  anonymous: "no credential found, and the registry allows anonymous access",
  none: "no credential found, and the registry requires one",
};

/** The result of a check, and where the credential comes from or was searched. */
export function formatAccess(
  { registry, repository, from, sources, result }: AccessCheck,
): string[] {
  const name = repository === undefined ? registry : `${registry}/${repository}`;
  return [
    `${name}: ${RESULTS[result]}`,
    ...(from === undefined ? [] : [`credential  ${from}`]),
    ...(from === undefined ? sources.map((source) => `searched    ${source}`) : []),
  ];
}
