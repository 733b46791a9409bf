/** What a registry is shown, and where it is looked up. Nothing here writes a secret into a message. */

/** A credential, by how a registry's token endpoint wants it. */
export type Credential =
  | { kind: "basic"; username: string; password: string }
  /** An OAuth2 refresh token, exchanged at the realm. */
  | { kind: "identity_token"; token: string; username?: string }
  /** A bearer token that is used as it is. */
  | { kind: "registry_token"; token: string };

/** A credential and its origin. */
export interface CredentialMatch {
  credential: Credential;
  /** Where it came from, for people: `~/.docker/config.json (auths "ghcr.io")`. Never a secret. */
  from: string;
  /** Milliseconds since the epoch; it is looked up anew before then. Absent for one that lasts. */
  expiresAt?: number;
}

export interface LookupOptions {
  /** What the last look-up gave and the registry refused: a source that can make another gives that. */
  refused?: CredentialMatch | undefined;
}

/** Somewhere to look for credentials. */
export interface CredentialSources {
  /**
   * The credential for a registry as references name it (`docker.io`, `localhost:5000`), narrowed to a repository
   * where one is meant; undefined if there is none.
   *
   * @throws {ParseError} if what has to be read cannot be
   * @throws {CrossdockError} if a program that has to be asked does not answer
   */
  lookup(
    registry: string,
    repository: string | undefined,
    options?: LookupOptions,
  ): Promise<CredentialMatch | undefined>;
  /**
   * What was looked at when nothing matched, a line each, for the error message:
   * `~/.docker/config.json: 3 hosts, none is ghcr.io`. Without a registry it is about the last one looked up.
   */
  describe(registry?: string): string[];
}

/** Nothing to look at: every registry is used anonymously. */
export const noCredentials: CredentialSources = {
  lookup: () => Promise.resolve(undefined),
  describe: () => [],
};

/**
 * The same credential for whatever is asked, so for one side of a copy only.
 *
 * @param from where it came from, for people: `--source-creds`
 * @param options.registry the only registry that it is shown to, as references name it. Default: every one that is asked for
 */
export function staticCredentials(
  credential: Credential,
  from: string,
  { registry: only }: { readonly registry?: string } = {},
): CredentialSources {
  return {
    lookup(registry): Promise<CredentialMatch | undefined> {
      const isMeant = only === undefined || only === registry;
      return Promise.resolve(isMeant ? { credential, from } : undefined);
    },
    describe: () => [`${from}: given for ${only ?? "every registry"}`],
  };
}

/** Asks one source after the other; the first match wins, and those after it are not touched. */
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
 * Credentials that a program already has, by host, namespace or repository, matched like the keys of Docker's config.
 *
 * ```ts
 * credentialsFromObject({
 *   "ghcr.io/my-org": { username: "me", password: "…" },
 *   "registry.example.com": { kind: "registry_token", token: "…" },
 * });
 * ```
 *
 * @throws {TypeError} naming the key whose value is no credential
 */
export function credentialsFromObject(
  record: Readonly<Record<string, Credential | { username: string; password: string }>>,
): CredentialSources {
  const entries = Object.entries(record).map(([key, value]): [string, Credential] => {
    const credential = "kind" in value ? value : toCredential(value.username, value.password);
    const texts = credential.kind === "basic"
      ? [credential.username, credential.password]
      : [credential.token];
    // Undefined is what an environment variable that is not set gives.
    if (texts.every((text) => typeof text === "string")) return [key, credential];
    throw new TypeError(`credentials for ${showKey(key)}: want strings, one is not`);
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

/** Docker marks an identity token by the user name `<token>`: there is no user, the password is the token. */
export function toCredential(username: string, password: string): Credential {
  return username === "<token>"
    ? { kind: "identity_token", token: password }
    : { kind: "basic", username, password };
}

/** Docker Hub has three names and, as a key, a URL; they are all the `docker.io` of references. */
export function normalizeRegistry(registry: string): string {
  const lower = registry.toLowerCase();
  return lower === "index.docker.io" || lower === "registry-1.docker.io" ? "docker.io" : lower;
}

/** What a key stands for. */
export interface ParsedKey {
  registry: string;
  /** Components of a namespace or repository; none for the whole host. */
  path: string[];
}

/**
 * Reads a key of `auths`: `ghcr.io`, `ghcr.io/org/app`, and the spellings that Docker has used over the years,
 * `https://index.docker.io/v1/`, `http://host:5000/`, `host/v2/`.
 *
 * Docker drops any path after a scheme; here `https://ghcr.io/org` stays with ghcr.io/org, so that a key never counts
 * for more than it says.
 */
export function parseKey(key: string): ParsedKey {
  const [host = "", ...path] = key.trim().replace(/^https?:\/\//i, "").split("/")
    .filter((component) => component !== "");
  const isApi = path.length === 1 && (path[0] === "v1" || path[0] === "v2");
  return { registry: normalizeRegistry(host), path: isApi ? [] : path };
}

/**
 * The entry whose key is nearest to the repository: the longest one that is the host, a namespace or the repository
 * itself, whole components only. Of two that mean the same, the one in the plain spelling, then the first.
 */
export function findLongestKey<Value>(
  entries: Iterable<readonly [string, Value]>,
  registry: string,
  repository: string | undefined,
): { key: string; path: string[]; value: Value } | undefined {
  const wanted = repository?.split("/") ?? [];
  const host = normalizeRegistry(registry);
  let best: { key: string; path: string[]; value: Value; rank: number } | undefined;
  for (const [key, value] of entries) {
    const parsed = parseKey(key);
    if (parsed.registry !== host) continue;
    if (!parsed.path.every((component, index) => component === wanted[index])) continue;
    const isPlain = key === [parsed.registry, ...parsed.path].join("/");
    const rank = 2 * parsed.path.length + (isPlain ? 1 : 0);
    if (best === undefined || rank > best.rank) best = { key, path: parsed.path, value, rank };
  }
  return best && { key: best.key, path: best.path, value: best.value };
}

/** Why none of the keys matched: `3 hosts, none is ghcr.io`. */
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

/** A key for a message, without a user and password that somebody put into it as into a URL. */
export function showKey(key: string): string {
  return JSON.stringify(key.replace(/^([a-z]+:\/\/)?[^/]*@/i, "$1…@"));
}
