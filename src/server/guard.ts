/**
 * Protects the server's private network from requests that callers or registries cause (SSRF). Every URL must have a public
 * address, or CROSSDOCK_ALLOW_PRIVATE must allow it for the registry of the request. That includes redirects, token realms,
 * upload Locations and foreign layers.
 */
import ipaddr from "ipaddr.js";
import { CrossdockError, NetworkError } from "../errors.ts";
import type { Guard } from "../registry/request.ts";
import type { CheckedAddresses } from "../runtime.ts";
import { isOwnHost, parsePrivateHosts } from "./private_hosts.ts";

export interface GuardOptions {
  /** Entries of CROSSDOCK_ALLOW_PRIVATE: `registry.internal`, `10.0.0.0/8`, `registry.internal=storage.internal:9000`. */
  readonly allowPrivate: readonly string[];
  /** Resolves a host name to its addresses, on hosts that can. */
  readonly resolveHost?: ((name: string) => Promise<readonly string[]>) | undefined;
}

/** IPv4-compatible addresses, deprecated by RFC 4291, 2.5.5.1. */
const OLD_IPV4_COMPATIBLE = ipaddr.IPv6.parseCIDR("::/96");

/**
 * Rejects URLs of private addresses: of registries, and of webhooks, which have no side and no registry. Returns the addresses
 * that it resolved, because a second resolution could have another result.
 */
export type ServerGuard = (
  url: URL,
  about?: Partial<Parameters<Guard>[1]>,
) => Promise<CheckedAddresses | undefined>;

/** Guards of one process can allow different hosts to the same registry. */
let guardCount = 0;

/** @throws ParseError naming an invalid entry */
export function createGuard({ allowPrivate, resolveHost }: GuardOptions): ServerGuard {
  const hosts = parsePrivateHosts(allowPrivate);
  const id = ++guardCount;
  return async (url, { side, registry } = {}) => {
    if (hosts.allowsName(url, registry)) return undefined;
    const name = url.hostname.replace(/^\[|\]$/g, "");
    const isAddress = ipaddr.isValid(name);
    const toUnresolved = (cause?: unknown): NetworkError =>
      new NetworkError("dns", `connect to ${url.host}: the name does not resolve`, { cause, side });
    const addresses = isAddress || !resolveHost
      ? [name].filter(ipaddr.isValid)
      : await resolveHost(name).catch((cause) => {
        throw toUnresolved(cause);
      });
    if (!isAddress && resolveHost && addresses.length === 0) throw toUnresolved();
    const isAllowed = (address: string): boolean => hosts.allowsAddress(address, url, registry);
    const wrong = addresses.find((address) => isPrivateAddress(address) && !isAllowed(address)) ??
      (isPrivateName(name) && !(addresses.length > 0 && addresses.every(isAllowed))
        ? name
        : undefined);
    if (wrong === undefined) {
      if (isAddress || addresses.length === 0) return undefined;
      return { addresses, checkedFor: `${id} ${registry ?? ""}` };
    }
    const isOwn = registry === undefined || isOwnHost(url, registry);
    const entry = isOwn ? url.host : `${registry}=${url.host}`;
    throw new CrossdockError(
      "denied",
      `connect to ${url.host}${isOwn ? "" : ` for ${registry}`}: ${wrong} is not a public address`,
      { side, hint: `to allow it, add ${entry} to CROSSDOCK_ALLOW_PRIVATE` },
    );
  };
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
