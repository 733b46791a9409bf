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

/** What to do if a registry rejects the credential, or requires one. */
export function toAccessHint({ registry, from, sources }: AccessCheck): string {
  const login = registry === "docker.io" ? "docker login" : `docker login ${registry}`;
  if (from?.startsWith("--")) return "pass another credential";
  const isFile = sources.some((source) => source.startsWith("--authfile "));
  const action = isFile ? "add one to that file" : `run ${login}`;
  return `${action}, or pass one with --creds-env`;
}
