import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import * as tls from "node:tls";
import type { TlsOptions } from "../runtime.ts";

const httpAgent = new HttpAgent({ keepAlive: true });
const httpsAgent = new HttpsAgent({ keepAlive: true });
const customAgents = new WeakMap<TlsOptions, HttpsAgent>();

/** Returns the connection pool for a URL: one for plain HTTP, one for TLS, and one for each set of TLS options. */
export function agentFor(url: URL, options: TlsOptions | undefined): HttpAgent | HttpsAgent {
  if (url.protocol === "http:") return httpAgent;
  if (!isCustomTls(options)) return httpsAgent;
  const existing = customAgents.get(options);
  if (existing) return existing;
  const agent = new HttpsAgent({ keepAlive: true, ...toNodeTls(options) });
  customAgents.set(options, agent);
  return agent;
}

/** Whether certificates are verified differently from the host's default. */
export function isCustomTls(options: TlsOptions | undefined): options is TlsOptions {
  return options?.unverified === true || (options?.caCerts?.length ?? 0) > 0;
}

/** Converts to the TLS options of Node, which Deno's `node:https` and Bun's `fetch` accept too. */
export function toNodeTls(
  { unverified, caCerts }: TlsOptions,
): { rejectUnauthorized: boolean; ca?: string[] } {
  if (unverified || !caCerts) return { rejectUnauthorized: !unverified };
  // `ca` replaces the host's certificates, so they are added again.
  return { rejectUnauthorized: true, ca: [...hostCertificates(), ...caCerts] };
}

function hostCertificates(): readonly string[] {
  // Since Node 22.15 this includes the certificates of NODE_EXTRA_CA_CERTS.
  return tls.getCACertificates?.("default") ?? tls.rootCertificates;
}
