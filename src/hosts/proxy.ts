/** Selects the proxy of a request by `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`. */
import ipaddr from "ipaddr.js";
import { CrossdockError } from "../errors.ts";
import type { Proxy } from "./network_failure.ts";
import { PROXY_VARIABLES, readVariable } from "./proxy_variables.ts";

/**
 * Returns the proxy for a URL, or `undefined` to connect directly. Reads the environment at each call.
 *
 * @throws CrossdockError if the URL of the proxy is not valid, or is not of an HTTP proxy
 */
export function proxyFor(url: URL): Proxy | undefined {
  const names = url.protocol === "http:" ? PROXY_VARIABLES["http:"] : PROXY_VARIABLES["https:"];
  const variable = names.find((name) => readVariable(name) !== "");
  if (variable === undefined) return undefined;
  const exceptions = readVariable("no_proxy") || readVariable("NO_PROXY");
  if (isException(url, exceptions)) return undefined;
  return { variable, url: parseProxyUrl(readVariable(variable), variable) };
}

/** Whether NO_PROXY contains the host of a URL: as a name, a domain, an address or a network, each with an optional port. */
function isException(url: URL, exceptions: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "").toLowerCase();
  const port = url.port || (url.protocol === "http:" ? "80" : "443");
  return exceptions.toLowerCase().split(/[,\s]+/).some((entry) => {
    const withPort = /^(\[.+\]|[^:]+):(\d+)$/.exec(entry);
    if (withPort && withPort[2] !== port) return false;
    const name = withPort?.[1] ?? entry;
    return matchesHost(host, name.replace(/^\[|\]$/g, ""));
  });
}

function matchesHost(host: string, pattern: string): boolean {
  if (pattern === "*" || pattern === host) return true;
  if (ipaddr.isValid(host)) return matchesAddress(ipaddr.process(host), pattern);
  const domain = pattern.replace(/^\*?\./, "");
  return domain !== "" && (host === domain || host.endsWith(`.${domain}`));
}

function matchesAddress(address: ipaddr.IPv4 | ipaddr.IPv6, pattern: string): boolean {
  if (ipaddr.isValid(pattern)) return ipaddr.process(pattern).toString() === address.toString();
  if (!ipaddr.isValidCIDR(pattern)) return false;
  const [network, bits] = ipaddr.parseCIDR(pattern);
  return network.kind() === address.kind() && address.match(network, bits);
}

function parseProxyUrl(text: string, variable: string): URL {
  const withScheme = text.includes("://") ? text : `http://${text}`;
  const url = URL.canParse(withScheme) ? new URL(withScheme) : undefined;
  if (url && /^https?:$/.test(url.protocol) && url.hostname) return url;
  // The value may contain a password, so the message does not quote it.
  throw new CrossdockError("usage", `${variable} is not the URL of an HTTP proxy`, {
    hint: `set ${variable} to http://HOST:PORT, or unset it`,
  });
}
