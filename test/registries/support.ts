import { Buffer } from "node:buffer";
import { mkdir, writeFile } from "node:fs/promises";
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { requireBinary } from "./binaries.ts";
import type { CertificateFiles } from "./certificate.ts";
import { createTempFolder } from "./run_program.ts";
import { type ServerProcess, startServerProcess } from "./server_process.ts";
import { startTokenServer, type TokenServer, type TokenServerOptions } from "./token_server.ts";

/** Distribution 2.8, distribution 3, and go-containerregistry's registry. */
export type RegistryKind = "distribution2" | "distribution3" | "crane";

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export interface RealRegistryOptions {
  /** Default: "open". crane supports no other. */
  readonly auth?: "open" | "htpasswd" | "token";
  /** Options of the token server that `auth: "token"` starts. It always has the user of `credentials`. */
  readonly tokens?: TokenServerOptions;
  /** Default: "filesystem", in a temp folder. The content of a folder that is given stays. */
  readonly storage?: "memory" | "filesystem" | { readonly folder: string };
  /** Whether manifests and blobs can be deleted. crane always permits it. Default: false. */
  readonly deletes?: boolean;
  /** The endpoint for notifications of pushes and pulls, with its headers. Not with crane. */
  readonly notifications?: {
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
  };
  /** The maximum page of the catalog of distribution 3, which rejects larger pages. Default: 1000. */
  readonly catalogPage?: number;
  /** Serves HTTPS with this certificate. Not with crane. */
  readonly tls?: CertificateFiles;
}

/** A registry on loopback that runs until it is disposed of. */
export interface RealRegistry extends AsyncDisposable {
  /** `127.0.0.1:port` */
  readonly host: string;
  readonly kind: RegistryKind;
  readonly pid: number;
  /** The valid credentials, unless the registry is open. */
  readonly credentials?: Credentials;
  /** The token server, with `auth: "token"`. */
  readonly tokenServer?: TokenServer;
  stop(): Promise<void>;
}

const credentials: Credentials = { username: "crossdock", password: "correct horse" };

/** bcrypt of the password above, at the minimum cost of 4, because distribution checks it at each request. */
const htpasswd = "crossdock:$2b$04$1FRIxd1aN.TB2Lc1fJ7PuexDu.vhJr5rzZHnobW7vLqH6JzPyrvWe\n";

/**
 * Starts a registry and waits until it responds.
 *
 * @throws {Error} if its program is not installed, or if it does not start: with the end of its log.
 * @throws {TypeError} for options that crane does not support.
 */
export async function startRealRegistry(
  kind: RegistryKind,
  options: RealRegistryOptions = {},
): Promise<RealRegistry> {
  const { auth = "open" } = options;
  const isPlain = auth === "open" && !options.tls && !options.notifications;
  if (kind === "crane" && !isPlain) {
    throw new TypeError("Cannot start crane's registry with auth, TLS or notifications");
  }
  await using cleanup = new AsyncDisposableStack();
  const tokenServer = auth === "token"
    ? cleanup.use(await startTokenServer(withOwnUser(options.tokens)))
    : undefined;
  const folder = cleanup.use(await createTempFolder(kind)).path;
  const server = kind === "crane"
    ? await startCrane(folder, options)
    : await startDistribution(kind, folder, options, tokenServer);
  cleanup.defer(() => server.stop());
  const host = `127.0.0.1:${server.port}`;
  await waitForAnswer(host, options.tls !== undefined);

  const kept = cleanup.move();
  const stop = (): Promise<void> => kept.disposeAsync();
  return {
    host,
    kind,
    pid: server.pid,
    ...(auth === "open" ? {} : { credentials }),
    ...(tokenServer === undefined ? {} : { tokenServer }),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function withOwnUser(options: TokenServerOptions = {}): TokenServerOptions {
  const own = { [credentials.username]: { password: credentials.password } };
  return { ...options, users: { ...own, ...options.users } };
}

async function startCrane(folder: string, options: RealRegistryOptions): Promise<ServerProcess> {
  const blobs = join(folder, "blobs");
  await mkdir(blobs);
  const disk = options.storage === "memory" ? [] : ["--disk", blobs];
  return await startServerProcess({
    path: requireBinary("crane"),
    args: ["registry", "serve", "--address", "127.0.0.1:0", ...disk],
    env: { HOME: folder },
    listening: /serving on port (\d+)/,
  });
}

async function startDistribution(
  kind: "distribution2" | "distribution3",
  folder: string,
  options: RealRegistryOptions,
  tokenServer: TokenServer | undefined,
): Promise<ServerProcess> {
  await writeFile(join(folder, "htpasswd"), htpasswd);
  const config = distributionConfig(folder, options, tokenServer);
  const configFile = join(folder, "config.yml");
  await writeFile(configFile, JSON.stringify(config)); // which is YAML too
  return await startServerProcess({
    path: requireBinary(kind === "distribution2" ? "docker-registry" : "distribution"),
    args: ["serve", configFile],
    env: { HOME: folder, OTEL_TRACES_EXPORTER: "none" },
    listening: /listening on 127\.0\.0\.1:(\d+)/,
  });
}

/** https://distribution.github.io/distribution/about/configuration/ */
function distributionConfig(
  folder: string,
  { auth, storage, deletes = false, catalogPage, tls, notifications }: RealRegistryOptions,
  tokenServer: TokenServer | undefined,
): Record<string, unknown> {
  const rootdirectory = typeof storage === "object" ? storage.folder : join(folder, "storage");
  const driver = storage === "memory" ? { inmemory: {} } : { filesystem: { rootdirectory } };
  const http: Record<string, unknown> = { addr: "127.0.0.1:0", secret: "not a secret in a test" };
  if (tls !== undefined) http["tls"] = { certificate: tls.certFile, key: tls.keyFile };
  const config: Record<string, unknown> = {
    version: 0.1,
    log: { level: "info", accesslog: { disabled: true } },
    storage: {
      ...driver,
      delete: { enabled: deletes },
      maintenance: { uploadpurging: { enabled: false } },
    },
    http,
  };
  if (notifications !== undefined) {
    const { url, headers } = notifications;
    const lists = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, [value]]),
    );
    const patience = { timeout: "5s", threshold: 5, backoff: "100ms" };
    config["notifications"] = { endpoints: [{ name: "test", url, headers: lists, ...patience }] };
  }
  if (catalogPage !== undefined) config["catalog"] = { maxentries: catalogPage };
  if (auth === "htpasswd") {
    config["auth"] = { htpasswd: { realm: "crossdock tests", path: join(folder, "htpasswd") } };
  }
  if (tokenServer !== undefined) {
    const { realm, service, issuer, certFile } = tokenServer;
    config["auth"] = { token: { realm, service, issuer, rootcertbundle: certFile } };
  }
  return config;
}

const answerTimeoutMs = 10_000;

async function waitForAnswer(host: string, isTls: boolean): Promise<void> {
  const deadline = Date.now() + answerTimeoutMs;
  while (true) {
    const status = await getStatus(`${isTls ? "https" : "http"}://${host}/v2/`);
    if (status === 200 || status === 401) return;
    if (Date.now() > deadline) {
      throw new Error(`GET /v2/ at ${host}: ${status}, wanted 200 or 401`);
    }
    await delay(20);
  }
}

/** The status of a GET, or its error. Trusts every certificate, and closes the connection. */
function getStatus(url: string): Promise<number | string> {
  return new Promise((resolve) => {
    const options = { agent: false, headers: { connection: "close" } } as const;
    const request = url.startsWith("https:")
      ? requestHttps(url, { ...options, rejectUnauthorized: false })
      : requestHttp(url, options);
    request.on("error", (error) => resolve(error.message));
    request.on("response", (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.end();
  });
}

/**
 * The Authorization header for requests that a test sends itself: none for an open registry, Basic, or
 * a token for `scope` (`repository:app:pull,push`) from its token server.
 */
export async function authorizationFor(
  registry: RealRegistry,
  scope: string,
): Promise<Record<string, string>> {
  if (registry.credentials === undefined) return {};
  const { username, password } = registry.credentials;
  const basic = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  if (registry.tokenServer === undefined) return { authorization: basic };
  const { realm, service } = registry.tokenServer;
  const query = new URLSearchParams({ service, scope });
  const response = await fetch(`${realm}?${query}`, { headers: { authorization: basic } });
  const { token } = await response.json() as { token: string };
  return { authorization: `Bearer ${token}` };
}
