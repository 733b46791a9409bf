/**
 * Answers a registry's challenges: which `Authorization` goes with a request, and what to do about a 401.
 *
 * There is no ping of `/v2/`: the first real request meets the challenge, and what it taught (realm and service, or Basic)
 * serves every later one. Tokens are kept by scope, credentials by repository; both are renewed before they expire.
 */
import { CrossdockError } from "../errors.ts";
import { basicAuthorization } from "./basic.ts";
import { parseChallenges } from "./challenge.ts";
import type { Challenge } from "./challenge.ts";
import type { CredentialMatch, CredentialSources } from "./credentials.ts";
import { FreshCache } from "./fresh_cache.ts";
import type { Kept } from "./fresh_cache.ts";
import { formatScope, mergeScopes, parseScopes } from "./scope.ts";
import type { Scope } from "./scope.ts";
import { fetchToken } from "./token.ts";
import type { FetchForToken, Realm, Token } from "./token.ts";

/** What a request needs: the repository that credentials are looked up for, and the scopes it asks. */
export interface Access {
  readonly repository: string | undefined;
  readonly scopes: readonly Scope[];
}

export interface AuthenticatorOptions {
  readonly registry: string;
  readonly credentials: CredentialSources;
  readonly fetch: FetchForToken;
  readonly now: () => number;
  /** Whether the registry itself is spoken to in plain HTTP; its realm may be plain then, too. */
  readonly isPlain: boolean;
  /** What earlier authenticators with the same credentials learnt; this one adds to it. Default: nothing. */
  readonly memory?: AuthMemory;
}

/** What a registry's challenge taught, and the tokens got since, by their scopes. */
export interface AuthMemory {
  scheme: Scheme | undefined;
  readonly tokens: Map<string, Kept<Token>>;
}

export type Scheme = { readonly kind: "basic" } | {
  readonly kind: "bearer";
  readonly realm: Realm;
};

/** One registry's credentials and tokens, kept in memory for as long as its client. */
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
      kept: this.#memory.tokens,
    });
  }

  /** The header to send at once; `undefined` as long as the registry has not said what it wants. */
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
   * Learns from a 401. Gives the header to try again with, or `undefined` when there is nothing better than what was refused.
   *
   * @param refused the header that the refused request carried
   */
  async answer(
    response: Response,
    access: Access,
    refused: string | undefined,
  ): Promise<string | undefined> {
    const challenges = parseChallenges(response.headers.get("www-authenticate") ?? "");
    const scheme = this.#choose(challenges);
    if (!scheme) return undefined;
    this.#memory.scheme = scheme;
    const match = await this.findCredential(access.repository);
    if (scheme.kind === "basic") return await this.#answerBasic(match, access, refused);
    if (match?.credential.kind === "registry_token") {
      const header = `Bearer ${match.credential.token}`;
      return header === refused ? undefined : header;
    }
    const asked = challenges.find((challenge) => challenge.scheme === "bearer")?.parameters.scope;
    const scopes = mergeScopes(access.scopes, parseScopes(asked ?? ""));
    const token = await this.#tokens.get(
      toKey(access.scopes),
      () => this.#fetchToken(scheme.realm, scopes, access.repository),
      ({ value }) => refused === `Bearer ${value}`,
    );
    return `Bearer ${token.value}`;
  }

  /**
   * The credential for a repository, looked up until that succeeds, and again before it expires.
   *
   * @param refused the match that the registry did not take, where its source may have another
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

  /** Where credentials were looked for. Never a secret. */
  describeSources(): string[] {
    const { credentials, registry } = this.#options;
    return credentials.describe(registry);
  }

  /** What was looked at and what was found, for an error's hint. Never a secret. */
  async explain(repository: string | undefined): Promise<string> {
    return this.#explain(await this.findCredential(repository));
  }

  /** One that expires may have been revoked before its time: then its source is asked for another, once. */
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
      return `the credential from ${match.from} was not accepted; check it with: crossdock auth ${registry}`;
    }
    const looked = this.describeSources();
    return looked.length > 0
      ? `no credential for ${registry} was found (${looked.join("; ")}); log in to it, or pass one`
      : `no credential for ${registry} was given; pass one`;
  }

  #choose(challenges: readonly Challenge[]): Scheme | undefined {
    const bearer = challenges.find((challenge) =>
      challenge.scheme === "bearer" && challenge.parameters.realm
    );
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
        `${this.#options.registry} names a token realm that is no http(s) URL`,
        {
          hint:
            "its configuration is wrong: the realm in WWW-Authenticate has to be an absolute URL",
        },
      );
    }
    if (url.protocol === "http:" && !this.#options.isPlain) {
      throw new CrossdockError(
        "denied",
        `${this.#options.registry} speaks TLS but wants credentials at http://${url.host}, in the clear`,
        { hint: "nothing was sent there; have the registry's token realm changed to https" },
      );
    }
    return { url, service: parameters.service };
  }

  /** As in {@linkcode Authenticator.answer}, a credential that expires and is refused here is made anew, once. */
  async #fetchToken(
    realm: Realm,
    scopes: readonly Scope[],
    repository: string | undefined,
  ): Promise<Token> {
    const match = await this.findCredential(repository);
    try {
      return await this.#askRealm(realm, scopes, match);
    } catch (error) {
      const isRefused = error instanceof CrossdockError && error.code === "unauthorized";
      if (!isRefused || match?.expiresAt === undefined) throw error;
      const another = await this.findCredential(repository, match);
      if (another === match) throw error;
      return await this.#askRealm(realm, scopes, another);
    }
  }

  #askRealm(
    realm: Realm,
    scopes: readonly Scope[],
    match: CredentialMatch | undefined,
  ): Promise<Token> {
    const { fetch, now, registry } = this.#options;
    const explain = (): string => this.#explain(match);
    return fetchToken({ registry, realm, scopes, match, fetch, now, explain });
  }
}

function toKey(scopes: readonly Scope[]): string {
  return mergeScopes(scopes, []).map(formatScope).join(" ");
}

function toBasic(match: CredentialMatch | undefined): string | undefined {
  if (match?.credential.kind !== "basic") return undefined;
  return basicAuthorization(match.credential.username, match.credential.password);
}
