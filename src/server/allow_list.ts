import picomatch from "picomatch";
import { formatReference } from "../oci/reference.ts";
import type { Reference } from "../oci/reference.ts";

/** Brackets are part of IPv6 addresses, and a leading `!` would turn a list that allows into one that forbids. */
const GLOB = { dot: true, nobracket: true, nonegate: true, noextglob: true } as const;

/** Whether a name is one of those that globs allow: `*` within a component, `**` across them. */
export function createMatcher(globs: readonly string[]): (name: string) => boolean {
  return globs.length === 0 ? () => false : picomatch([...globs], GLOB);
}

/** What a reference is matched by: `registry/repository`. */
export function toRepositoryName({ registry, repository }: Reference): string {
  return formatReference({ registry, repository });
}
