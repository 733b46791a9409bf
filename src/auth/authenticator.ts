/**
 * Answers a registry's challenges: which `Authorization` goes with a request, and what to do about a 401.
 *
 * There is no ping of `/v2/`: the first real request meets the challenge, and what it taught (realm and service, or Basic)
 * serves every later one. Tokens are kept by scope and renewed before they expire.
 */
import { CrossdockError } from "../errors.ts";
import { basicAuthorization } from "./basic.ts";
import { parseChallenges } from "./challenge.ts";
import type { Challenge } from "./challenge.ts";
import type { CredentialMatch, CredentialSources } from "./credentials.ts";
import { formatScope, mergeScopes, parseScopes } from "./scope.ts";
import type { Scope } from "./scope.ts";
import { fetchToken } from "./token.ts";
import type { FetchForToken, Realm, Token } from "./token.ts";

/** A token is renewed when less than this is left of it, so that an upload that begins now does not end in a 401. */
const RENEW_BEFORE_MS = 30_000;

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
  readonly tokens: Map<string, Token>;
}

/** Scopes beyond this many are forgotten, oldest first: a host that lives long may see any number of repositories. */
const MAX_TOKENS = 1000;

export type Scheme = { readonly kind: "basic" } | {
  readonly kind: "bearer";
  readonly realm: Realm;
};

/** One registry's credentials and tokens, kept in memory for as long as its client. */
export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #matches = new Map<string, Promise<CredentialMatch | undefined>>();
  readonly #pending = new Map<string, Promise<Token>>();
  readonly #memory: AuthMemory;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
    this.#memory = options.memory ?? { scheme: undefined, tokens: new Map() };
  }

  /** The header to send at once; `undefined` as long as the registry has not said what it wants. */
  async authorization(access: Access): Promise<string | undefined> {
    const { scheme } = this.#memory;
    if (!scheme) return undefined;
    const match = await this.findCredential(access.repository);
    if (scheme.kind === "basic") return toBasic(match);
    if (match?.credential.kind === "registry_token") return `Bearer ${match.credential.token}`;
    const token = await this.#token(scheme.realm, access.scopes, match);
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
    if (scheme.kind === "basic") {
      const header = toBasic(match);
      return header === refused ? undefined : header;
    }
    if (match?.credential.kind === "registry_token") {
      const header = `Bearer ${match.credential.token}`;
      return header === refused ? undefined : header;
    }
    const asked = challenges.find((challenge) => challenge.scheme === "bearer")?.parameters.scope;
    const scopes = mergeScopes(access.scopes, parseScopes(asked ?? ""));
    this.#forget(access.scopes, refused);
    const token = await this.#token(scheme.realm, scopes, match, access.scopes);
    return `Bearer ${token.value}`;
  }

  /** The credential for a repository, looked up until that succeeds. */
  findCredential(repository: string | undefined): Promise<CredentialMatch | undefined> {
    const key = repository ?? "";
    let match = this.#matches.get(key);
    if (!match) {
      match = this.#options.credentials.lookup(this.#options.registry, repository);
      this.#matches.set(key, match);
      // A helper that failed once is asked again.
      match.catch(() => this.#matches.delete(key));
    }
    return match;
  }

  /** What was looked at and what was found, for an error's hint. Never a secret. */
  async explain(repository: string | undefined): Promise<string> {
    return this.#explain(await this.findCredential(repository));
  }

  #explain(match: CredentialMatch | undefined): string {
    const { registry, credentials } = this.#options;
    if (match) {
      return `the credential from ${match.from} was not accepted; check it with: crossdock auth ${registry}`;
    }
    const looked = credentials.describe(registry);
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

  #token(
    realm: Realm,
    scopes: readonly Scope[],
    match: CredentialMatch | undefined,
    keepAs: readonly Scope[] = scopes,
  ): Promise<Token> {
    const key = toKey(keepAs);
    const kept = this.#memory.tokens.get(key);
    if (kept && this.#isFresh(kept)) return Promise.resolve(kept);
    // Whoever comes second waits for the first one's token.
    const pending = this.#pending.get(key);
    if (pending) return pending;
    const { fetch, now, registry } = this.#options;
    const token = fetchToken({
      registry,
      realm,
      scopes,
      match,
      fetch,
      now,
      explain: () => this.#explain(match),
    }).then((token) => this.#keep(key, token)).finally(() => this.#pending.delete(key));
    this.#pending.set(key, token);
    return token;
  }

  #keep(key: string, token: Token): Token {
    const { tokens } = this.#memory;
    tokens.set(key, token);
    for (const oldest of tokens.keys()) {
      if (tokens.size <= MAX_TOKENS) break;
      tokens.delete(oldest);
    }
    return token;
  }

  #isFresh(token: Token): boolean {
    const left = token.expiresAt - this.#options.now();
    return left > Math.min(RENEW_BEFORE_MS, token.lifetimeMs / 4);
  }

  #forget(scopes: readonly Scope[], refused: string | undefined): void {
    const key = toKey(scopes);
    const kept = this.#memory.tokens.get(key);
    if (kept && refused === `Bearer ${kept.value}`) this.#memory.tokens.delete(key);
  }
}

function toKey(scopes: readonly Scope[]): string {
  return mergeScopes(scopes, []).map(formatScope).join(" ");
}

function toBasic(match: CredentialMatch | undefined): string | undefined {
  if (match?.credential.kind !== "basic") return undefined;
  return basicAuthorization(match.credential.username, match.credential.password);
}
