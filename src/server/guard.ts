/**
 * Keeps the server from being sent into the network it stands in: every URL that it is about to ask, redirects, token realms
 * and upload Locations included, has to be public, or allowed by name.
 */
import ipaddr from "ipaddr.js";
import { CrossdockError } from "../errors.ts";
import type { Guard } from "../registry/request.ts";
import { createMatcher } from "./allow_list.ts";

export interface GuardOptions {
  /** Globs over hosts, with or without a port: `registry.internal`, `10.0.0.7:5000`. */
  readonly allowPrivate: readonly string[];
  /** The addresses of a name, on hosts that can tell. */
  readonly resolveHost?: ((name: string) => Promise<readonly string[]>) | undefined;
}

/** RFC 4291, 2.5.5.1 */
const OLD_IPV4_COMPATIBLE = ipaddr.IPv6.parseCIDR("::/96");

/** A guard for registries, and for whatever else is asked. */
export type ServerGuard = (url: URL, about?: Partial<Parameters<Guard>[1]>) => Promise<void>;

export function createGuard({ allowPrivate, resolveHost }: GuardOptions): ServerGuard {
  const isAllowed = createMatcher(allowPrivate);
  return async (url, { side } = {}) => {
    if (isAllowed(url.hostname) || isAllowed(url.host)) return;
    const name = url.hostname.replace(/^\[|\]$/g, "");
    const addresses = ipaddr.isValid(name) || !resolveHost
      ? [name]
      : await lookUp(name, resolveHost);
    const wrong = isPrivateName(name) ? name : addresses.find(isPrivateAddress);
    if (wrong === undefined) return;
    throw new CrossdockError(
      "denied",
      `connect to ${url.host}: ${wrong === name ? "it" : wrong} is not a public address`,
      { side, hint: `allow it with CROSSDOCK_ALLOW_PRIVATE=${url.host} if that is meant` },
    );
  };
}

/** A name that does not resolve is left to the request, which says so. */
async function lookUp(
  name: string,
  resolveHost: (name: string) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  return await resolveHost(name).catch(() => []);
}

/** Names that mean no host of the Internet: RFC 6761, RFC 6762, RFC 9476 and ICANN's `internal`; and single labels. */
function isPrivateName(name: string): boolean {
  if (ipaddr.isValid(name)) return false;
  return !name.replace(/\.$/, "").includes(".") ||
    /(^|\.)(localhost|local|internal|home\.arpa|alt|test|invalid)\.?$/.test(name);
}

function isPrivateAddress(text: string): boolean {
  if (!ipaddr.isValid(text)) return false;
  // An IPv4 address in IPv6 clothes counts as what it is; those of the first kind, ::/96, are of no use any more.
  const address = ipaddr.process(text);
  return address.range() !== "unicast" ||
    address instanceof ipaddr.IPv6 && address.match(OLD_IPV4_COMPATIBLE);
}
