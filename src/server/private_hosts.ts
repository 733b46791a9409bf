/** CROSSDOCK_ALLOW_PRIVATE: which private hosts requests may reach, and for which registry. */
import ipaddr from "ipaddr.js";
import { ParseError } from "../errors.ts";
import { registryEndpointHost } from "../oci/reference.ts";
import { createMatcher } from "./allow_list.ts";

export interface PrivateHosts {
  /** Whether an entry allows this name, whatever its addresses are. */
  allowsName(url: URL, registry: string | undefined): boolean;
  /** Whether an entry allows this address, which a name may have. */
  allowsAddress(address: string, url: URL, registry: string | undefined): boolean;
  /** Whether an entry names the host of a URL, for any registry. */
  includes(url: URL): boolean;
}

/** `HOST` allows a registry its own host. `REGISTRY=HOST` allows a registry another host: of its tokens or its storage. */
interface Entry {
  readonly isFor: ((registry: string) => boolean) | undefined;
  readonly port: string | undefined;
  readonly matchesName: (name: string) => boolean;
  readonly matchesAddress: (address: string) => boolean;
}

const HOST =
  /^(?<host>\[[^\]]+\]|[^:[\]]+|[0-9a-f.]*:[0-9a-f.]*:[0-9a-f:.]*(?:\/\d+)?)(?::(?<port>\d+))?$/i;

/**
 * Reads the entries: `HOST` or `REGISTRY=HOST`. A HOST is a glob over names, an address, a CIDR range or a glob of digits, each
 * with or without a port.
 *
 * @throws ParseError naming the entry
 */
export function parsePrivateHosts(texts: readonly string[]): PrivateHosts {
  const entries = texts.map(parseEntry);
  const hasPort = (url: URL, port: string | undefined): boolean =>
    port === undefined || port === portOf(url);
  const findFor = (url: URL, registry: string | undefined): Entry[] =>
    entries.filter(({ isFor, port }) => {
      if (!hasPort(url, port)) return false;
      if (isFor) return registry !== undefined && isFor(registry);
      // Webhooks have no registry: the configuration names their URLs.
      return registry === undefined || isOwnHost(url, registry);
    });
  return {
    includes(url): boolean {
      const name = url.hostname.replace(/^\[|\]$/g, "");
      const isAddress = ipaddr.isValid(name);
      return entries.some(({ port, matchesName, matchesAddress }) =>
        hasPort(url, port) && (matchesName(url.hostname) || isAddress && matchesAddress(name))
      );
    },
    allowsName: (url, registry) =>
      findFor(url, registry).some(({ matchesName }) => matchesName(url.hostname)),
    allowsAddress: (address, url, registry) =>
      findFor(url, registry).some(({ matchesAddress }) => matchesAddress(address)),
  };
}

/** Whether a URL is on the registry's own host and port. */
export function isOwnHost(url: URL, registry: string): boolean {
  return URL.parse(`${url.protocol}//${registryEndpointHost(registry)}`)?.host === url.host;
}

function portOf({ port, protocol }: URL): string {
  return port || (protocol === "https:" ? "443" : "80");
}

function parseEntry(text: string): Entry {
  const separator = text.indexOf("=");
  // Hosts of URLs and registries are in lower case.
  const lower = text.toLowerCase();
  const { host = "", port } = HOST.exec(lower.slice(separator + 1))?.groups ?? {};
  const matchesAddress = host === "" ? undefined : parseAddresses(host);
  const isName = /^[a-z0-9._*?{}-]+$/.test(host) && !/^[\d.-]+$/.test(host);
  const registry = lower.slice(0, Math.max(separator, 0));
  const isRegistry = /^[a-z0-9._*?{}:[\]-]*$/.test(registry);
  if (
    separator === 0 || !isRegistry || Number(port ?? 1) < 1 || Number(port ?? 1) > 65_535 ||
    !matchesAddress && !isName
  ) {
    throw new ParseError(
      `configuration is not valid: CROSSDOCK_ALLOW_PRIVATE: ${text} is not HOST or REGISTRY=HOST; ` +
        "expected a name, an address, or a range such as 10.0.0.0/8",
    );
  }
  return {
    isFor: separator < 0 ? undefined : createMatcher([registry]),
    port,
    matchesName: matchesAddress ? () => false : createMatcher([host]),
    matchesAddress: matchesAddress ?? (() => false),
  };
}

/** Returns `undefined` for a glob over names. */
function parseAddresses(host: string): ((address: string) => boolean) | undefined {
  const text = host.replace(/^\[|\]$/g, "");
  if (/^(?=.*\d)[\d.*]*\*[\d.*]*$/.test(text)) {
    const pattern = new RegExp(`^${text.replaceAll(".", "\\.").replace(/\*+/g, "[0-9.]*")}$`);
    return (address) => pattern.test(ipaddr.process(address).toString());
  }
  // Otherwise 10 or 10.0.0 would be an address: 0.0.0.10, 10.0.0.0.
  const isShort = /^[\d.]+$/.test(text) && !ipaddr.IPv4.isValidFourPartDecimal(text);
  if (ipaddr.isValid(text) && !isShort) {
    const wanted = ipaddr.process(text).toString();
    return (address) => ipaddr.process(address).toString() === wanted;
  }
  if (!ipaddr.isValidCIDR(text)) return undefined;
  const [network, bits] = ipaddr.parseCIDR(text);
  return (address) => {
    const parsed = ipaddr.process(address);
    return parsed.kind() === network.kind() && parsed.match(network, bits);
  };
}
