/**
 * Protects the server's private network from requests that callers or registries cause (SSRF). Every URL must have a public
 * address or be in CROSSDOCK_ALLOW_PRIVATE, including redirects, token realms and upload Locations.
 */
import ipaddr from "ipaddr.js";
import { CrossdockError } from "../errors.ts";
import type { Guard } from "../registry/request.ts";
import { createMatcher } from "./allow_list.ts";

export interface GuardOptions {
  /** Globs over hosts, with or without a port: `registry.internal`, `10.0.0.7:5000`. */
  readonly allowPrivate: readonly string[];
  /** Resolves a host name to its addresses, on hosts that can. */
  readonly resolveHost?: ((name: string) => Promise<readonly string[]>) | undefined;
}

/** IPv4-compatible addresses, deprecated by RFC 4291, 2.5.5.1. */
const OLD_IPV4_COMPATIBLE = ipaddr.IPv6.parseCIDR("::/96");

/** Rejects URLs of private addresses: of registries, and of webhooks, which have no side. */
export type ServerGuard = (url: URL, about?: Partial<Parameters<Guard>[1]>) => Promise<void>;

export function createGuard({ allowPrivate, resolveHost }: GuardOptions): ServerGuard {
  const isAllowed = createMatcher(allowPrivate);
  return async (url, { side } = {}) => {
    if (isAllowed(url.hostname) || isAllowed(url.host)) return;
    const name = url.hostname.replace(/^\[|\]$/g, "");
    const addresses = ipaddr.isValid(name) || !resolveHost
      ? [name]
      : await resolveAddresses(name, resolveHost);
    const wrong = isPrivateName(name) ? name : addresses.find(isPrivateAddress);
    if (wrong === undefined) return;
    throw new CrossdockError(
      "denied",
      `connect to ${url.host}: ${wrong} is not a public address`,
      { side, hint: `to allow it, add ${url.host} to CROSSDOCK_ALLOW_PRIVATE` },
    );
  };
}

/** Returns no addresses for a name that does not resolve: the request itself then fails with a better error. */
async function resolveAddresses(
  name: string,
  resolveHost: (name: string) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  return await resolveHost(name).catch(() => []);
}

/** Whether a name is not for a public host: single labels, RFC 6761, RFC 6762, RFC 9476 and ICANN's `internal`. */
function isPrivateName(name: string): boolean {
  if (ipaddr.isValid(name)) return false;
  return !name.replace(/\.$/, "").includes(".") ||
    /(^|\.)(localhost|local|internal|home\.arpa|alt|test|invalid)\.?$/.test(name);
}

function isPrivateAddress(text: string): boolean {
  if (!ipaddr.isValid(text)) return false;
  // `process` converts IPv4-mapped IPv6 addresses to IPv4. The deprecated ::/96 is always rejected.
  const address = ipaddr.process(text);
  return address.range() !== "unicast" ||
    address instanceof ipaddr.IPv6 && address.match(OLD_IPV4_COMPATIBLE);
}
