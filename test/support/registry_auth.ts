/** Authentication: Basic, or Bearer with a token endpoint. */

import type { BearerAuth, RegistryOptions, Users } from "./registry_options.ts";
import { refusal } from "./registry_refusal.ts";
import type { Refusal } from "./registry_refusal.ts";

/** The access that a request needs or a token grants: actions by repository, and `registry:catalog` for the catalog. */
type Access = ReadonlyMap<string, ReadonlySet<string>>;

interface Token {
  readonly access: Access;
  readonly expiresAtMs: number;
}

/** The access that listing the repositories needs. */
export const CATALOG_ACCESS: Access = new Map([["registry:catalog", new Set(["*"])]]);

/** The path of the token endpoint. */
export const TOKEN_PATH = "/token";

export class Authority {
  readonly #auth: RegistryOptions["auth"];
  readonly #now: () => number;
  readonly #tokens: Map<string, Token> = new Map();

  constructor(auth: RegistryOptions["auth"], now: () => number) {
    this.#auth = auth;
    this.#now = now;
  }

  revokeTokens(): void {
    this.#tokens.clear();
  }

  /** Rejects a request without the access of {@linkcode accessFor}. */
  check(url: URL, headers: Headers, needed: Access): void {
    if (this.#auth === undefined) return;
    const [scheme, credential] = readAuthorization(headers);
    if (this.#auth.type === "basic") {
      if (scheme === "basic" && findUser(this.#auth.users, credential) !== undefined) return;
      throw unauthorized(`Basic realm="registry"`);
    }
    const token = scheme === "bearer" ? this.#findToken(credential) : undefined;
    if (token !== undefined && grants(token.access, needed)) return;
    const error = token !== undefined
      ? "insufficient_scope"
      : scheme === "bearer"
      ? "invalid_token"
      : undefined;
    throw unauthorized(challenge(this.#auth, url, needed, error));
  }

  /** Whether a request with these headers may pull from the repository. */
  canPull(headers: Headers, name: string): boolean {
    if (this.#auth?.type !== "bearer") return true;
    const token = this.#findToken(readAuthorization(headers)[1]);
    return token !== undefined && grants(token.access, new Map([[name, new Set(["pull"])]]));
  }

  /** Handles `/token`: GET with Basic as in the token spec, or POST with a form as in its OAuth2 variant. */
  async handleToken(
    url: URL,
    headers: Headers,
    method: string,
    body: ReadableStream<Uint8Array<ArrayBuffer>> | null,
  ): Promise<Response> {
    if (this.#auth?.type !== "bearer") return new Response("404 page not found\n", { status: 404 });
    const isPost = method === "POST";
    const query = isPost ? new URLSearchParams(await new Response(body).text()) : url.searchParams;
    if (query.get("service") !== serviceOf(this.#auth, url)) {
      throw refusal(400, "DENIED", `unknown service ${query.get("service")}`);
    }
    const user = isPost ? formUser(this.#auth, query) : basicUser(this.#auth, headers);
    if (user === undefined && !(this.#auth.anonymousPull && !isPost)) {
      throw unauthorized(`Basic realm="token"`);
    }
    const access = parseScopes(query.getAll("scope"), user === undefined ? ["pull"] : undefined);
    return this.#issue(access, isPost ? "access_token" : this.#auth.tokenField ?? "token");
  }

  #issue(access: Access, field: "token" | "access_token"): Response {
    const { tokenLifetimeSeconds: seconds = 300, isJwt = false } = this.#auth as BearerAuth;
    const expiresAtMs = this.#now() + seconds * 1000;
    const token = isJwt ? toJwt({ exp: expiresAtMs / 1000 }) : crypto.randomUUID();
    this.#tokens.set(token, { access, expiresAtMs });
    if (isJwt) return Response.json({ [field]: token });
    const issuedAt = new Date(this.#now()).toISOString();
    return Response.json({ [field]: token, expires_in: seconds, issued_at: issuedAt });
  }

  #findToken(text: string): Token | undefined {
    const token = this.#tokens.get(text);
    return token !== undefined && token.expiresAtMs > this.#now() ? token : undefined;
  }
}

/** The JWT has no valid signature, because the registry stores its tokens. */
function toJwt(claims: Record<string, number>): string {
  const parts = [{ alg: "HS256" }, { ...claims, jti: crypto.randomUUID() }];
  return [...parts.map((part) => btoa(JSON.stringify(part)).replaceAll("=", "")), "x"].join(".");
}

/** The access that CNCF distribution requires for each method. A mount needs access to both repositories. */
export function accessFor(method: string, name: string, query: URLSearchParams): Access {
  const actions = method === "GET" || method === "HEAD"
    ? ["pull"]
    : method === "DELETE"
    ? ["delete"]
    : ["pull", "push"];
  const access = new Map([[name, new Set(actions)]]);
  const from = query.has("mount") ? query.get("from") : null;
  if (from !== null && from !== name) access.set(from, new Set(["pull"]));
  return access;
}

function grants(granted: Access, needed: Access): boolean {
  for (const [name, actions] of needed) {
    const have = granted.get(name);
    for (const action of actions) if (!have?.has(action) && !have?.has("*")) return false;
  }
  return true;
}

function challenge(auth: BearerAuth, url: URL, needed: Access, error?: string): string {
  const scopes = [...needed].map(([name, actions]) =>
    `${name.includes(":") ? name : `repository:${name}`}:${[...actions]}`
  );
  const parameters = {
    realm: auth.realm ?? url.origin + TOKEN_PATH,
    service: serviceOf(auth, url),
    ...scopes.length > 0 && { scope: scopes.join(" ") },
    ...error !== undefined && { error },
  };
  return `Bearer ${Object.entries(parameters).map(([name, value]) => `${name}="${value}"`)}`;
}

function serviceOf(auth: BearerAuth, url: URL): string {
  return auth.service ?? url.host;
}

/** Scopes are separate parameters, or one parameter with spaces between them. */
function parseScopes(scopes: readonly string[], allowed: readonly string[] | undefined): Access {
  const access = new Map<string, Set<string>>();
  for (const scope of scopes.flatMap((text) => text.split(" "))) {
    const [, name, actions] = /^repository:(.+):([^:]*)$/.exec(scope) ??
      /^(registry:catalog):(\*)$/.exec(scope) ?? [];
    if (name === undefined || actions === undefined) continue;
    const granted = access.get(name) ?? new Set();
    for (const action of actions.split(",")) {
      if (allowed === undefined || allowed.includes(action)) granted.add(action);
    }
    access.set(name, granted);
  }
  return access;
}

function basicUser(auth: BearerAuth, headers: Headers): string | undefined {
  const [scheme, credential] = readAuthorization(headers);
  if (scheme === "") return undefined;
  const user = scheme === "basic" ? findUser(auth.users, credential) : undefined;
  // A wrong password never falls back to anonymous.
  if (user === undefined) throw unauthorized(`Basic realm="token"`);
  return user;
}

function formUser(auth: BearerAuth, form: URLSearchParams): string | undefined {
  switch (form.get("grant_type")) {
    case "refresh_token":
      return auth.identityTokens?.[form.get("refresh_token") ?? ""];
    case "password": {
      const name = form.get("username") ?? "";
      return auth.users[name] === form.get("password") ? name : undefined;
    }
    default:
      throw refusal(400, "UNSUPPORTED", `grant_type ${form.get("grant_type")}`);
  }
}

function findUser(users: Users, credential: string): string | undefined {
  let text: string;
  try {
    text = new TextDecoder().decode(Uint8Array.from(atob(credential), (c) => c.charCodeAt(0)));
  } catch {
    return undefined;
  }
  const colon = text.indexOf(":");
  const name = text.slice(0, colon);
  return Object.hasOwn(users, name) && users[name] === text.slice(colon + 1) ? name : undefined;
}

function readAuthorization(headers: Headers): [scheme: string, credential: string] {
  const [scheme = "", credential = ""] = (headers.get("authorization") ?? "").split(" ");
  return [scheme.toLowerCase(), credential];
}

function unauthorized(authenticate: string): Refusal {
  return refusal(401, "UNAUTHORIZED", "authentication required", {
    headers: { "www-authenticate": authenticate },
  });
}
