/** Credentials for registries and the sources that provide them. No message contains a secret. */

/** A credential, by the way it is sent to the registry or its token endpoint. */
export type Credential =
  | { kind: "basic"; username: string; password: string }
  /** An OAuth2 refresh token, exchanged for an access token at the realm. */
  | { kind: "identity_token"; token: string; username?: string }
  /** A bearer token, sent unchanged. */
  | { kind: "registry_token"; token: string };

/** A credential and its origin. */
export interface CredentialMatch {
  /** Sent to the registry or its token endpoint. */
  credential: Credential;
  /** The origin of the credential, used in messages: `~/.docker/config.json (auths "ghcr.io")`. Contains no secret. */
  from: string;
  /** Milliseconds since the epoch. Looked up again before this time. Absent for a credential that does not expire. */
  expiresAt?: number;
}

/** Options of a lookup. */
export interface LookupOptions {
  /** The match from the last lookup that the registry rejected. A source that can obtain another one returns that. */
  refused?: CredentialMatch | undefined;
}

/** A source of credentials. */
export interface CredentialSources {
  /**
   * Finds the credential for a registry as in a reference (`docker.io`, `localhost:5000`), or for one of its repositories.
   * Resolves to undefined if there is none.
   *
   * @throws {ParseError} if a source cannot be parsed
   * @throws {CrossdockError} if a credential helper fails
   */
  lookup(
    registry: string,
    repository: string | undefined,
    options?: LookupOptions,
  ): Promise<CredentialMatch | undefined>;
  /**
   * Describes the searched places, one line each, for the message of a failed lookup:
   * `~/.docker/config.json: 3 hosts, none is ghcr.io`. Default registry: the one of the last lookup.
   */
  describe(registry?: string): string[];
}

/** No source: every registry is used anonymously. */
export const noCredentials: CredentialSources = {
  lookup: () => Promise.resolve(undefined),
  describe: () => [],
};

/**
 * Anonymous access by choice: no credential is searched for.
 *
 * @param from the choice, used in messages: `--src-no-creds`
 */
export function anonymousAccess(from: string): CredentialSources {
  return { ...noCredentials, describe: () => [`${from}: anonymous access`] };
}

/**
 * Returns the same credential for every lookup. Use it for only one side of a copy.
 *
 * @param from the origin of the credential, used in messages: `--src-creds`
 * @param options.registry the only registry that gets the credential, as in a reference. Default: every registry
 */
export function staticCredentials(
  credential: Credential,
  from: string,
  { registry: only }: { readonly registry?: string } = {},
): CredentialSources {
  return {
    lookup(registry): Promise<CredentialMatch | undefined> {
      const isMatch = only === undefined || only === registry;
      return Promise.resolve(isMatch ? { credential, from } : undefined);
    },
    describe: () => [`${from}: given for ${only ?? "every registry"}`],
  };
}

/** Tries the sources in order. The first match wins, and later sources are not used. */
export function firstOf(...sources: readonly CredentialSources[]): CredentialSources {
  return {
    async lookup(registry, repository, options): Promise<CredentialMatch | undefined> {
      for (const source of sources) {
        const match = await source.lookup(registry, repository, options);
        if (match !== undefined) return match;
      }
      return undefined;
    },
    describe: (registry) => sources.flatMap((source) => source.describe(registry)),
  };
}

/**
 * Credentials from an object, keyed by host, namespace or repository. The keys match as in the Docker config file.
 *
 * ```ts
 * credentialsFromObject({
 *   "ghcr.io/my-org": { username: "me", password: "…" },
 *   "registry.example.com": { kind: "registry_token", token: "…" },
 * });
 * ```
 *
 * @throws {TypeError} if a value is not a credential; names its key
 */
export function credentialsFromObject(
  record: Readonly<Record<string, Credential | { username: string; password: string }>>,
): CredentialSources {
  const entries = Object.entries(record).map(([key, value]): [string, Credential] => {
    const credential = "kind" in value ? value : toCredential(value.username, value.password);
    const texts = credential.kind === "basic"
      ? [credential.username, credential.password]
      : [credential.token];
    // An unset environment variable is undefined at run time.
    if (texts.every((text) => typeof text === "string")) return [key, credential];
    throw new TypeError(`credentials for ${showKey(key)}: expected only strings`);
  });
  let last = "";
  return {
    lookup(registry, repository): Promise<CredentialMatch | undefined> {
      last = registry;
      const match = findLongestKey(entries, registry, repository);
      return Promise.resolve(
        match && { credential: match.value, from: `given credentials (${showKey(match.key)})` },
      );
    },
    describe: (registry = last) => [
      `given credentials: ${describeMiss(entries.map(([key]) => key), registry)}`,
    ],
  };
}

/** Docker marks an identity token by the user name `<token>`; the password is then the token. */
export function toCredential(username: string, password: string): Credential {
  return username === "<token>"
    ? { kind: "identity_token", token: password }
    : { kind: "basic", username, password };
}

/** Maps the three host names of Docker Hub to `docker.io`, as in references. */
export function normalizeRegistry(registry: string): string {
  const lower = registry.toLowerCase();
  return lower === "index.docker.io" || lower === "registry-1.docker.io" ? "docker.io" : lower;
}

/** The registry and path that a key selects. */
export interface ParsedKey {
  registry: string;
  /** Components of a namespace or repository; empty for the whole host. */
  path: string[];
}

/**
 * Parses a key of `auths`: `ghcr.io`, `ghcr.io/org/app`, and the older forms of Docker:
 * `https://index.docker.io/v1/`, `http://host:5000/`, `host/v2/`.
 *
 * Docker drops the path of a key with a scheme. Here `https://ghcr.io/org` still selects only ghcr.io/org, so that a credential
 * is never sent to more repositories than its key names.
 */
export function parseKey(key: string): ParsedKey {
  const [host = "", ...path] = key.trim().replace(/^https?:\/\//i, "").split("/")
    .filter((component) => component !== "");
  const isApi = path.length === 1 && (path[0] === "v1" || path[0] === "v2");
  return { registry: normalizeRegistry(host), path: isApi ? [] : path };
}

/**
 * Finds the entry with the longest key that is the host, a namespace or the repository itself. Only whole path components match.
 * Of two keys with the same meaning, the key without scheme and API path wins, then the first one.
 */
export function findLongestKey<Value>(
  entries: Iterable<readonly [string, Value]>,
  registry: string,
  repository: string | undefined,
): { key: string; path: string[]; value: Value } | undefined {
  const components = repository?.split("/") ?? [];
  const host = normalizeRegistry(registry);
  let best: { key: string; path: string[]; value: Value; rank: number } | undefined;
  for (const [key, value] of entries) {
    const parsed = parseKey(key);
    if (parsed.registry !== host) continue;
    if (!parsed.path.every((component, index) => component === components[index])) continue;
    const isPlain = key === [parsed.registry, ...parsed.path].join("/");
    const rank = 2 * parsed.path.length + (isPlain ? 1 : 0);
    if (best === undefined || rank > best.rank) best = { key, path: parsed.path, value, rank };
  }
  return best && { key: best.key, path: best.path, value: best.value };
}

/** Describes why no key matches: `3 hosts, none is ghcr.io`. */
export function describeMiss(
  keys: readonly string[],
  registry: string,
  repository?: string | undefined,
): string {
  const hosts = new Set(keys.map((key) => parseKey(key).registry));
  const name = repository === undefined ? registry : `${registry}/${repository}`;
  if (hosts.has(normalizeRegistry(registry))) return `has ${registry}, but nothing for ${name}`;
  if (hosts.size === 0) return "no hosts";
  return hosts.size === 1 ? `1 host, not ${registry}` : `${hosts.size} hosts, none is ${registry}`;
}

/** Quotes a key for a message, without user and password if it is a URL that contains them. */
export function showKey(key: string): string {
  return JSON.stringify(key.replace(/^([a-z]+:\/\/)?[^/]*@/i, "$1…@"));
}
