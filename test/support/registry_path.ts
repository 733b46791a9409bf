/** Paths below `/v2/`. */

const COMPONENT = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const NAME = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);

/** https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests */
export function isRepositoryName(text: string): boolean {
  return NAME.test(text);
}

type Endpoint = "blobs/uploads" | "blobs" | "manifests" | "referrers" | "tags";

/** Matches from the end of the path, because a repository may be named `blobs`. */
export function parsePath(
  path: string,
): { name: string; endpoint: Endpoint; reference: string } | undefined {
  const [, name, endpoint, reference] = /^\/v2\/(.+)\/(blobs\/uploads)\/([^/]*)$/.exec(path) ??
    /^\/v2\/(.+)\/(blobs|manifests|referrers)\/([^/]+)$/.exec(path) ??
    /^\/v2\/(.+)\/(tags)\/(list)$/.exec(path) ?? [];
  if (name === undefined || reference === undefined) return undefined;
  return { name, endpoint: endpoint as Endpoint, reference: decodeURIComponent(reference) };
}
