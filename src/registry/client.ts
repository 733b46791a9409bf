/**
 * The HTTP client for one registry on one side of a copy. Every request goes through {@linkcode RegistryClient.read}:
 * authorization → timeout → challenge → redirect → retry → error, in that order.
 */
import { abortable } from "../abortable.ts";
import { Authenticator } from "../auth/authenticator.ts";
import { parseChallenges } from "../auth/challenge.ts";
import type { CredentialSources } from "../auth/credentials.ts";
import { CrossdockError, NetworkError } from "../errors.ts";
import type { Side } from "../errors.ts";
import { registryEndpointHost } from "../oci/reference.ts";
import { retryDelayMs } from "../retry.ts";
import type { Runtime, TlsOptions } from "../runtime.ts";
import { noTrace } from "../trace.ts";
import type { Span, Trace } from "../trace.ts";
import type { CreateRepository, Guard, Pace, RegistryRequest } from "./request.ts";
import { fetchWithTimeout } from "./fetch_with_timeout.ts";
import { createRegistryMemory } from "./memory.ts";
import type { RegistryMemory } from "./memory.ts";
import { becomesGet, isRedirect, MAX_REDIRECTS, resolveLocation } from "./redirect.ts";
import { toRegistryError } from "./registry_error.ts";
import { SentSecrets } from "./sent_secrets.ts";

export interface RegistryClientOptions {
  readonly runtime: Runtime;
  /** The registry as in a reference: `docker.io`, `localhost:5000`. */
  readonly registry: string;
  readonly side: Side;
  readonly isPlain: boolean;
  readonly tls?: TlsOptions | undefined;
  readonly credentials: CredentialSources;
  readonly retries: number;
  readonly timeoutMs: number;
  readonly createRepository?: CreateRepository | undefined;
  readonly guard?: Guard | undefined;
  readonly pace?: Pace | undefined;
  readonly trace?: Trace | undefined;
  /** Facts from earlier clients; this client adds to them. Default: the listed quirks. */
  readonly memory?: RegistryMemory | undefined;
}

/** The servers that answer requests outside the registry's API. */
const RESPONDERS = { token: "token server", "foreign-layer": "foreign layer" } as const;

/** Sends requests to one registry with the credentials of one side. Caches tokens and facts in its memory. */
export class RegistryClient {
  readonly registry: string;
  readonly side: Side;
  readonly runtime: Runtime;
  readonly timeoutMs: number;
  readonly memory: RegistryMemory;
  readonly authenticator: Authenticator;
  /** The pending check whether the registry rejects wrong digests. */
  digestTrial: Promise<boolean> | undefined;
  readonly createRepository: CreateRepository | undefined;
  /** Repositories that exist or are being created, by name. */
  readonly created: Map<string, Promise<boolean>> = new Map();
  /** Mounts that the registry denied: `from to`. */
  readonly deniedMounts: Set<string> = new Set();
  /** Hosts that redirect streamed requests, by origin. */
  readonly #moved = new Map<string, URL>();
  /** The URLs that returned each response, after redirects. */
  readonly #urls = new WeakMap<Response, URL>();
  /** Errors of hosts that the registry redirected to. */
  readonly #redirected = new WeakSet<object>();
  readonly #options: RegistryClientOptions;
  readonly #origin: URL;
  /** For other hosts. One object, because hosts pool connections by it. */
  readonly #otherTls: TlsOptions | undefined;
  readonly #sent = new SentSecrets();
  #hasAnswered = false;
  #looksLikeRegistry = false;

  constructor(options: RegistryClientOptions) {
    const { registry, credentials, runtime, isPlain } = options;
    this.#options = options;
    this.registry = registry;
    this.side = options.side;
    this.runtime = runtime;
    this.timeoutMs = options.timeoutMs;
    this.createRepository = options.createRepository;
    this.memory = options.memory ?? createRegistryMemory(registry);
    this.#otherTls = withoutClientCertificate(options.tls);
    this.#origin = new URL(`${isPlain ? "http" : "https"}://${registryEndpointHost(registry)}`);
    this.authenticator = new Authenticator({
      registry,
      credentials,
      isPlain,
      memory: this.memory,
      now: () => runtime.now(),
      fetch: ({ method, url, headers, body }) =>
        this.send({
          method,
          target: url,
          headers,
          ...(body === undefined ? {} : { body }),
          what: `get a token for ${registry}`,
          access: { repository: undefined, scopes: [] },
          accept: [200, 400, 401, 403, 404],
          kind: "token",
          // The request that needs the token is retried; retrying both would multiply the attempts.
          mayRepeat: false,
        }),
    });
  }

  /**
   * Sends a request and returns the response if its status is one of `accept`.
   *
   * @throws RegistryError for any other status, NetworkError or SilenceError if there is no response; all name this side
   */
  send(request: RegistryRequest): Promise<Response> {
    return this.read(request, (response) => response);
  }

  /** Sends a request and reads its response. Retries temporary failures, including a body that breaks off. */
  async read<T>(
    request: RegistryRequest,
    read: (response: Response) => T | Promise<T>,
  ): Promise<T> {
    for (let attempt = 0;; attempt++) {
      try {
        return await read(await this.#sendOnce(request));
      } catch (error) {
        if (error instanceof CrossdockError) {
          error.side ??= this.side;
          this.redact(error);
        }
        await this.#waitToRetry(request, error, attempt);
      }
    }
  }

  /** Resolves a path to a URL of this registry. */
  resolve(target: string): URL {
    return new URL(target, this.#origin);
  }

  /** The URL that returned a response, after redirects. */
  urlOf(response: Response): URL | undefined {
    return this.#urls.get(response);
  }

  /** Whether a response of this host had what web sites do not send. */
  get looksLikeRegistry(): boolean {
    return this.#looksLikeRegistry;
  }

  /** Whether the registry answered, but the host that it redirected to could not be reached. */
  isUnreachedRedirect(error: NetworkError): boolean {
    return this.#redirected.has(error);
  }

  /** Removes what was sent to the registry from the message of an error that quotes the registry. */
  redact(error: CrossdockError): void {
    error.message = this.#sent.redact(error.message);
  }

  /** Converts a failure to read a body into a temporary error of this side. */
  toReadError(error: unknown, what: string): unknown {
    if (error instanceof CrossdockError) return error;
    return new NetworkError("reset", `${what}: the connection broke`, {
      cause: error,
      side: this.side,
    });
  }

  /** Resolves after the delay before a retry. Rejects with the error if the request must not be retried. */
  async #waitToRetry(request: RegistryRequest, error: unknown, attempt: number): Promise<void> {
    const { retries, runtime } = this.#options;
    const { mayRepeat = true } = request;
    const isOnceOnly = request.stream !== undefined ||
      !(typeof mayRepeat === "function" ? mayRepeat(error) : mayRepeat);
    // Do not retry a host that never answered: the name is probably wrong.
    const isUnknownHost = !this.#hasAnswered && error instanceof NetworkError &&
      error.failure !== "reset";
    const delayMs = isOnceOnly || isUnknownHost
      ? undefined
      : retryDelayMs(error, attempt, retries, runtime.random());
    if (request.signal?.aborted) throw request.signal.reason;
    if (delayMs === undefined) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    request.onRetry?.({
      side: this.side,
      what: request.what,
      attempt: attempt + 1,
      delayMs,
      reason,
    });
    await runtime.sleep(delayMs, request.signal);
  }

  async #sendOnce(request: RegistryRequest): Promise<Response> {
    const { access } = request;
    let url = typeof request.target === "string" ? this.resolve(request.target) : request.target;
    if (request.stream) url = this.#movedUrl(url);
    let authorization = await this.#authorizationFor(url, request);
    const headers = new Headers({ "user-agent": "crossdock", ...request.headers });
    let challenges = 0;
    let sent = request;
    for (let hops = 0;;) {
      request.count?.();
      const response = await this.#sendTraced(url, sent, headers, authorization)
        .catch((error) => {
          if (error instanceof NetworkError && !this.#isRegistryOrigin(url) && hops > 0) {
            this.#redirected.add(error);
          }
          throw error;
        });
      this.#hasAnswered = true;
      if (this.#isRegistryOrigin(url) && !request.kind) {
        this.#looksLikeRegistry ||= isOfRegistry(response);
      }
      if (
        response.status === 401 && this.#isRegistryOrigin(url) && !request.kind &&
        (challenges === 0 || challenges === 1 && isTokenRefused(response))
      ) {
        challenges++;
        const answering = this.authenticator.answer(response, access, authorization);
        const answer = await abortable(answering, request.signal)
          .catch(async (error) => {
            await response.body?.cancel();
            throw error;
          });
        if (answer !== undefined) {
          await response.body?.cancel();
          if (request.stream) throw new StaleTokenError(request.what, this.side);
          authorization = answer;
          continue;
        }
      }
      if (isRedirect(response) && sent.method !== "DELETE") {
        await response.body?.cancel();
        if (++hops > MAX_REDIRECTS) {
          throw new CrossdockError(
            "registry",
            `${request.what}: more than ${MAX_REDIRECTS} redirects, the last to ${url.host}`,
          );
        }
        const next = resolveLocation(
          response.headers.get("location"),
          url,
          request.what,
          this.side,
        );
        if (next.origin !== url.origin) {
          // The caller sets the Authorization header of a token request; it must not leave the realm's origin.
          headers.delete("authorization");
        }
        const isGet = becomesGet(response.status, sent.method);
        if (request.kind === "token" && request.body !== undefined) {
          requireSameRealm(request, url, { next, isGet });
        }
        if (isGet) {
          sent = toGet(request);
          headers.delete("content-type");
        } else if (sent.stream) {
          throw this.#toMoved(request, url, next);
        }
        url = next;
        authorization = await this.#authorizationFor(url, request);
        continue;
      }
      if (request.accept.includes(response.status)) {
        this.#urls.set(response, url);
        return response;
      }
      throw await this.#toError(response, url, request);
    }
  }

  /**
   * The body of a streamed request is used up when the redirect arrives. If only the host differs, the next attempt goes to the new
   * host at once.
   */
  #toMoved({ what }: RegistryRequest, from: URL, to: URL): CrossdockError {
    const isHostOnly = from.pathname === to.pathname && from.search === to.search;
    if (isHostOnly) this.#moved.set(from.origin, to);
    return new CrossdockError("registry", `${what}: ${from.host} redirects to ${to.host}`, {
      side: this.side,
      isTemporary: isHostOnly,
      retryAfterMs: 0,
      hint: `use ${to.host} in place of ${this.registry}`,
    });
  }

  /** Where a streamed request to a URL is sent. */
  #movedUrl(url: URL): URL {
    const origin = this.#moved.get(url.origin);
    return origin ? new URL(`${url.pathname}${url.search}`, origin) : url;
  }

  async #authorizationFor(url: URL, request: RegistryRequest): Promise<string | undefined> {
    return this.#isRegistryOrigin(url) && !request.kind
      ? await abortable(this.authenticator.authorization(request.access), request.signal)
      : undefined;
  }

  /** Credentials and tokens are sent only to the registry's own origin. */
  #isRegistryOrigin(url: URL): boolean {
    return url.origin === this.#origin.origin;
  }

  /** Sends one request in its own span, after the guard and the rate limiter. */
  async #sendTraced(
    url: URL,
    request: RegistryRequest,
    headers: Headers,
    authorization: string | undefined,
  ): Promise<Response> {
    const { guard, pace, trace = noTrace } = this.#options;
    const { kind = "registry", signal } = request;
    const checked = await guard?.(url, { side: this.side, kind, registry: this.registry }) ??
      undefined;
    const isPaced = kind === "registry" && this.#isRegistryOrigin(url) && !request.headers?.range;
    const release = isPaced ? await pace?.(this.registry, { signal }) : undefined;
    const attributes = {
      "http.request.method": request.method,
      "server.address": url.hostname,
      "url.path": url.pathname,
      "crossdock.side": this.side,
      "crossdock.kind": kind,
    };
    try {
      return await trace("registry request", attributes, async (span: Span) => {
        const sent = new Headers(headers);
        if (authorization !== undefined) sent.set("authorization", authorization);
        this.#sent.add({ url, headers: sent, body: request.body });
        const response = await fetchWithTimeout(url, request, sent, {
          ...this.#options,
          tls: this.#isRegistryOrigin(url) ? this.#options.tls : this.#otherTls,
          checked,
        });
        span.set("http.response.status_code", response.status);
        return response;
      });
    } finally {
      release?.();
    }
  }

  /** The hint for a rejected request. A 403 without a credential must not blame one. */
  async #explainRefusal(
    { status }: Response,
    { access }: RegistryRequest,
  ): Promise<string | undefined> {
    if (status !== 401 && status !== 403) return undefined;
    if (status === 401 && this.memory.scheme === undefined) {
      return "the registry offers neither Basic nor Bearer authentication, so no credential was sent; " +
        "check that no proxy removes WWW-Authenticate";
    }
    const { repository } = access;
    const match = status === 403 ? await this.authenticator.findCredential(repository) : undefined;
    return match ? undefined : await this.authenticator.explain(repository);
  }

  async #toError(response: Response, url: URL, request: RegistryRequest): Promise<CrossdockError> {
    const { method, what, kind } = request;
    const isOwn = this.#isRegistryOrigin(url) && !kind;
    const responder = kind ? RESPONDERS[kind] : isOwn ? "registry" : "other";
    // Through a tunnel the proxy cannot answer for the registry.
    const proxy = url.protocol === "http:" ? await this.runtime.proxyOf?.(url) : undefined;
    const about = { method, url, what, registry: this.registry, responder, proxy } as const;
    return await toRegistryError(response, about, {
      hint: isOwn ? await this.#explainRefusal(response, request) : undefined,
      side: this.side,
      now: this.runtime.now(),
      redact: (text) => this.#sent.redact(text),
    });
  }
}

function withoutClientCertificate(tls: TlsOptions | undefined): TlsOptions | undefined {
  if (!tls?.clientCertificate) return tls;
  const { clientCertificate: _, ...others } = tls;
  return others;
}

function isOfRegistry({ ok, headers }: Response): boolean {
  return ["docker-distribution-api-version", "docker-content-digest", "www-authenticate"]
    .some((name) => headers.has(name)) ||
    ok && /[/+]json\b/i.test(headers.get("content-type") ?? "");
}

function toGet({ body: _body, stream: _stream, ...request }: RegistryRequest): RegistryRequest {
  return { ...request, method: "GET" };
}

/** A token request with a body contains a credential, which must neither leave its origin nor get lost. */
function requireSameRealm(
  { what }: RegistryRequest,
  from: URL,
  { next, isGet }: { readonly next: URL; readonly isGet: boolean },
): void {
  if (next.origin === from.origin && !isGet) return;
  throw new CrossdockError(
    "denied",
    `${what}: ${from.host} redirects a request with a credential to ${next.host}`,
    { hint: "nothing was sent there; configure the final token realm at the registry" },
  );
}

/** Whether a registry rejects a token that it may accept when newly issued, and not the rights of its user. */
function isTokenRefused(response: Response): boolean {
  const challenges = parseChallenges(response.headers.get("www-authenticate") ?? "");
  return challenges.some(({ scheme, parameters }) =>
    scheme === "bearer" && parameters.error === "invalid_token"
  );
}

/** The destination rejected a token during an upload. A new token is ready; the upload must start again. */
export class StaleTokenError extends CrossdockError {
  override readonly name = "StaleTokenError";

  constructor(what: string, side: Side) {
    super("unauthorized", `${what}: the registry rejected the token`, {
      side,
      isTemporary: true,
      retryAfterMs: 0,
    });
  }
}
