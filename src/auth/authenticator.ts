/**
 * Answers the challenges of a registry: chooses the `Authorization` header of a request and handles a 401.
 *
 * There is no separate request to `/v2/`. The first real request gets the challenge; its scheme (Basic, or Bearer with realm and
 * service) is used for all later requests. Tokens are cached by scope, credentials by repository. Both are renewed before they
 * expire.
 */
import { CrossdockError } from "../errors.ts";
import { basicAuthorization } from "./basic.ts";
import { parseChallenges } from "./challenge.ts";
import type { Challenge } from "./challenge.ts";
import type { CredentialMatch, CredentialSources } from "./credentials.ts";
import { FreshCache } from "./fresh_cache.ts";
import type { CachedValue } from "./fresh_cache.ts";
import { formatScope, mergeScopes, parseScopes } from "./scope.ts";
import type { Scope } from "./scope.ts";
import { fetchToken } from "./token.ts";
import type { FetchForToken, Realm, Token } from "./token.ts";

/** The repository to look up a credential for, and the scopes that a request needs. */
export interface Access {
  readonly repository: string | undefined;
  readonly scopes: readonly Scope[];
}

export interface AuthenticatorOptions {
  readonly registry: string;
  readonly credentials: CredentialSources;
  readonly fetch: FetchForToken;
  readonly now: () => number;
  /** Whether the registry uses plain HTTP. Then its realm may use plain HTTP too. */
  readonly isPlain: boolean;
  /** The memory of earlier authenticators with the same credentials; this one adds to it. Default: empty. */
  readonly memory?: AuthMemory;
}

/** The scheme from the registry's challenge, and the cached tokens by scope. */
export interface AuthMemory {
  scheme: Scheme | undefined;
  readonly tokens: Map<string, CachedValue<Token>>;
}

export type Scheme = { readonly kind: "basic" } | {
  readonly kind: "bearer";
  readonly realm: Realm;
};

/** Caches the credentials and tokens of one registry in memory. */
export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #memory: AuthMemory;
  readonly #matches: FreshCache<CredentialMatch | undefined>;
  readonly #tokens: FreshCache<Token>;

  constructor(options: AuthenticatorOptions) {
    const { now } = options;
    this.#options = options;
    this.#memory = options.memory ?? { scheme: undefined, tokens: new Map() };
    this.#matches = new FreshCache({ now, expiryOf: (match) => match?.expiresAt });
    this.#tokens = new FreshCache({
      now,
      expiryOf: (token) => token.expiresAt,
      values: this.#memory.tokens,
    });
  }

  /** Returns the Authorization header for a first attempt; `undefined` until the registry has sent a challenge. */
  async authorization(access: Access): Promise<string | undefined> {
    const { scheme } = this.#memory;
    if (!scheme) return undefined;
    const match = await this.findCredential(access.repository);
    if (scheme.kind === "basic") return toBasic(match);
    if (match?.credential.kind === "registry_token") return `Bearer ${match.credential.token}`;
    const token = await this.#tokens.get(
      toKey(access.scopes),
      () => this.#fetchToken(scheme.realm, access.scopes, access.repository),
    );
    return `Bearer ${token.value}`;
  }

  /**
   * Handles a 401. Returns the header for another attempt, or `undefined` if there is none besides the rejected one.
   *
   * @param refused the Authorization header of the rejected request
   */
  async answer(
    response: Response,
    access: Access,
    refused: string | undefined,
  ): Promise<string | undefined> {
    const challenges = parseChallenges(response.headers.get("www-authenticate") ?? "");
    const bearer = chooseBearer(challenges, access);
    const scheme = this.#toScheme(bearer, challenges);
    if (!scheme) return undefined;
    this.#memory.scheme = scheme;
    const match = await this.findCredential(access.repository);
    if (scheme.kind === "basic") return await this.#answerBasic(match, access, refused);
    if (match?.credential.kind === "registry_token") {
      const header = `Bearer ${match.credential.token}`;
      return header === refused ? undefined : header;
    }
    const scopes = mergeScopes(access.scopes, parseScopes(bearer?.parameters.scope ?? ""));
    const token = await this.#tokens.get(
      toKey(access.scopes),
      () => this.#fetchToken(scheme.realm, scopes, access.repository),
      ({ value }) => refused === `Bearer ${value}`,
    );
    return `Bearer ${token.value}`;
  }

  /**
   * Returns the credential for a repository. A successful lookup is cached until shortly before the credential expires.
   *
   * @param refused the match that the registry rejected, to request another one from its source
   */
  findCredential(
    repository: string | undefined,
    refused?: CredentialMatch,
  ): Promise<CredentialMatch | undefined> {
    const { credentials, registry } = this.#options;
    return this.#matches.get(
      repository ?? "",
      () => credentials.lookup(registry, repository, { refused }),
      (match) => refused !== undefined && match === refused,
    );
  }

  /** Lists the places that were searched for a credential. Contains no secret. */
  describeSources(): string[] {
    const { credentials, registry } = this.#options;
    return credentials.describe(registry);
  }

  /** Explains which credential was used or where one was searched, as the hint of an error. Contains no secret. */
  async explain(repository: string | undefined): Promise<string> {
    return this.#explain(await this.findCredential(repository));
  }

  /** A temporary credential may be revoked before it expires. Then its source is asked once for another one. */
  async #answerBasic(
    match: CredentialMatch | undefined,
    { repository }: Access,
    refused: string | undefined,
  ): Promise<string | undefined> {
    const header = toBasic(match);
    if (header !== refused || match?.expiresAt === undefined) {
      return header === refused ? undefined : header;
    }
    const another = toBasic(await this.findCredential(repository, match));
    return another === refused ? undefined : another;
  }

  #explain(match: CredentialMatch | undefined): string {
    const { registry } = this.#options;
    if (match) {
      return `the credential from ${match.from} was rejected; check it with: crossdock auth ${registry}`;
    }
    const sources = this.describeSources();
    return sources.length > 0
      ? `no credential found for ${registry} (${
        sources.join("; ")
      }); log in to the registry, or pass a credential`
      : `no credential given for ${registry}; pass a credential`;
  }

  #toScheme(
    bearer: Challenge | undefined,
    challenges: readonly Challenge[],
  ): Scheme | undefined {
    if (bearer) return { kind: "bearer", realm: this.#parseRealm(bearer) };
    return challenges.some((challenge) => challenge.scheme === "basic")
      ? { kind: "basic" }
      : undefined;
  }

  #parseRealm({ parameters }: Challenge): Realm {
    const text = parameters.realm ?? "";
    const url = URL.parse(text);
    if (
      !url || (url.protocol !== "https:" && url.protocol !== "http:") || url.username ||
      url.password
    ) {
      throw new CrossdockError(
        "registry",
        `the token realm of ${this.#options.registry} is not an http(s) URL`,
        {
          hint:
            "fix the configuration of the registry: the realm in WWW-Authenticate must be an absolute URL",
        },
      );
    }
    if (url.protocol === "http:" && !this.#options.isPlain) {
      throw new CrossdockError(
        "denied",
        `${this.#options.registry} uses TLS, but its token realm http://${url.host} is unencrypted`,
        { hint: "nothing was sent there; configure an https token realm at the registry" },
      );
    }
    return { url, service: parameters.service };
  }

  /** Replaces a temporary credential once if the realm rejects it, as {@linkcode Authenticator.answer} does. */
  async #fetchToken(
    realm: Realm,
    scopes: readonly Scope[],
    repository: string | undefined,
  ): Promise<Token> {
    const match = await this.findCredential(repository);
    try {
      return await this.#requestToken(realm, scopes, match);
    } catch (error) {
      const isRefused = error instanceof CrossdockError && error.code === "unauthorized";
      if (!isRefused || match?.expiresAt === undefined) throw error;
      const another = await this.findCredential(repository, match);
      if (another === match) throw error;
      return await this.#requestToken(realm, scopes, another);
    }
  }

  #requestToken(
    realm: Realm,
    scopes: readonly Scope[],
    match: CredentialMatch | undefined,
  ): Promise<Token> {
    const { fetch, now, registry } = this.#options;
    const explain = (): string => this.#explain(match);
    return fetchToken({ registry, realm, scopes, match, fetch, now, explain });
  }
}

/** Chooses a Bearer challenge with a URL as its realm: one for a repository of the request, or else the first. */
function chooseBearer(
  challenges: readonly Challenge[],
  { scopes }: Access,
): Challenge | undefined {
  const bearers = challenges.filter(({ scheme, parameters }) =>
    scheme === "bearer" && parameters.realm
  );
  const usable = bearers.filter(({ parameters }) => URL.canParse(parameters.realm ?? ""));
  const names = scopes.map(({ repository }) => repository);
  const fitting = usable.find(({ parameters }) =>
    parseScopes(parameters.scope ?? "").some(({ repository }) => names.includes(repository))
  );
  return fitting ?? usable[0] ?? bearers[0];
}

function toKey(scopes: readonly Scope[]): string {
  return mergeScopes(scopes, []).map(formatScope).join(" ");
}

function toBasic(match: CredentialMatch | undefined): string | undefined {
  if (match?.credential.kind !== "basic") return undefined;
  return basicAuthorization(match.credential.username, match.credential.password);
}
