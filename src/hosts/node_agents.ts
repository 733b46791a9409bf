import { createPrivateKey, X509Certificate } from "node:crypto";
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import process from "node:process";
import * as tls from "node:tls";
import { CrossdockError } from "../errors.ts";
import type { CheckedAddresses, ClientCertificate, TlsOptions } from "../runtime.ts";
import { hasDefaultTrust, isCustomTls } from "./default_trust.ts";
import { hostCertificates } from "./host_certificates.ts";
import type { Proxy } from "./network_failure.ts";

type Agent = HttpAgent | HttpsAgent;

/** Connection pools by the URL of their proxy; "" is without a proxy. */
type Agents = Map<string, Agent>;

const plainAgents: Agents = new Map();
/** For certificates that `fetch` accepts. */
const defaultAgents: Agents = new Map();
/** For all certificates that the host trusts. */
const hostAgents: Agents = new Map();
const customAgents = new WeakMap<TlsOptions, Agents>();

/**
 * Returns the connection pool for a URL: one for each proxy and each set of trusted certificates.
 *
 * @param options.isDefaultTrust whether `fetch` accepts the certificate. Default: as of earlier requests
 */
export function agentFor(
  url: URL,
  { tls: options, proxy, isDefaultTrust = hasDefaultTrust(url) }: {
    readonly tls?: TlsOptions | undefined;
    readonly proxy?: Proxy | undefined;
    readonly isDefaultTrust?: boolean | undefined;
  },
): Agent {
  const key = proxy?.url.href ?? "";
  if (url.protocol === "http:") {
    return getOrCreate(plainAgents, key, () => new HttpAgent(toAgentOptions(proxy)));
  }
  if (isCustomTls(options)) {
    const agents: Agents = customAgents.get(options) ?? new Map();
    customAgents.set(options, agents);
    return getOrCreate(agents, key, () => createTlsAgent(proxy, options));
  }
  return isDefaultTrust
    ? getOrCreate(defaultAgents, key, () => new HttpsAgent(toAgentOptions(proxy)))
    : getOrCreate(hostAgents, key, () => createTlsAgent(proxy, {}));
}

function getOrCreate(agents: Agents, key: string, create: () => Agent): Agent {
  const existing = agents.get(key);
  if (existing) return existing;
  const agent = separatePools(create());
  agents.set(key, agent);
  return agent;
}

/** Reuses a connection only for requests with the same `checkedFor`. */
function separatePools(agent: Agent): Agent {
  // The types of some hosts lack this method.
  const named = agent as unknown as { getName(options?: object): string };
  const { getName } = named;
  named.getName = (options?: object & Partial<CheckedAddresses>) =>
    `${getName.call(agent, options)}:${options?.checkedFor ?? ""}`;
  return agent;
}

function createTlsAgent(
  proxy: Proxy | undefined,
  { unverified, caCerts = [], clientCertificate }: TlsOptions,
): Agent {
  const own = clientCertificate ? checkClientCertificate(clientCertificate) : {};
  const options = { ...toAgentOptions(proxy), ...own };
  if (unverified) return new HttpsAgent({ ...options, rejectUnauthorized: false });
  // `ca` replaces the certificates of the host, so they are added again.
  const ca = [...hostCertificates().pems, ...caCerts];
  if (ca.length === 0) return new HttpsAgent(options);
  // One context for all connections: parsing the certificates for each takes 14 ms of CPU time on Node.
  const secureContext = tls.createSecureContext({ ca, ...own });
  return new HttpsAgent({ ...options, ca, secureContext });
}

/** @throws CrossdockError `usage` for PEM that is damaged, and for a key of another certificate */
function checkClientCertificate({ cert, key }: ClientCertificate): ClientCertificate {
  let fault = "they are not PEM, or the key is encrypted";
  try {
    if (new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) return { cert, key };
    fault = "the key belongs to another certificate";
  } catch {
    // Without a cause, which might quote the key.
  }
  throw new CrossdockError("usage", `the client certificate and its key cannot be used: ${fault}`);
}

function toAgentOptions(proxy: Proxy | undefined): HttpAgentOptions {
  if (!proxy) return { keepAlive: true };
  requireProxySupport();
  // The agent has two forms: CONNECT for TLS, and the absolute form of the request line for plain HTTP.
  const { href } = proxy.url;
  return { keepAlive: true, proxyEnv: { HTTP_PROXY: href, HTTPS_PROXY: href } };
}

type HttpAgentOptions = ConstructorParameters<typeof HttpAgent>[0] & object;

/** Rejects versions of Node that would ignore the proxy: before 22.21, and 24.0 to 24.4. */
function requireProxySupport(): void {
  if ("Deno" in globalThis || "Bun" in globalThis) return;
  if (process.allowedNodeEnvironmentFlags.has("--use-env-proxy")) return;
  throw new CrossdockError("usage", `Node ${process.versions.node} does not support proxies`, {
    hint: "use Node 24.5 or later, or unset HTTPS_PROXY and HTTP_PROXY",
  });
}
