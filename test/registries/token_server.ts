import { Buffer } from "node:buffer";
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { importPKCS8, SignJWT } from "jose";
import { createCertificate } from "./certificate.ts";
import { closeServer, listenOnLoopback } from "./loopback_server.ts";
import { createTempFolder } from "./run_program.ts";

/** A user of the token server. */
export interface TokenUser {
  readonly password: string;
  /** The actions that the user may do in every repository. Default: all. */
  readonly actions?: readonly string[];
}

export interface TokenServerOptions {
  /** Users by name. Default: none. */
  readonly users?: Readonly<Record<string, TokenUser>>;
  /** Whether anonymous requests get a token with pull access. Default: false. */
  readonly anonymousPull?: boolean;
  /** The lifetime of a token in seconds. Default: 300. */
  readonly lifetimeSeconds?: number;
}

/** A token that was issued. */
export interface IssuedToken {
  /** The name of the user. Empty for anonymous. */
  readonly account: string;
  /** The granted scopes, which can be less than the requested ones: `repository:app:pull`. */
  readonly scopes: readonly string[];
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface TokenServer extends AsyncDisposable {
  /** The realm in the challenge of the registry. */
  readonly realm: string;
  readonly service: string;
  readonly issuer: string;
  /** The certificate of the signing key, for distribution's `rootcertbundle`. */
  readonly certFile: string;
  /** All tokens issued so far, the oldest first. */
  readonly issued: readonly IssuedToken[];
  /** A refresh token for a user, which `docker login` stores as an identity token. */
  createRefreshToken(account: string): string;
  stop(): Promise<void>;
}

const service = "crossdock-tests";
const issuer = "crossdock-tests-issuer";

/** distribution 2 and 3 accept a token for this time after its `exp` (`Leeway` in registry/auth/token). */
const leewaySeconds = 60;

const maxFormBytes = 64 * 1024;

/**
 * Starts a token server for distribution's token authentication: GET as in
 * https://distribution.github.io/distribution/spec/auth/token/, and the OAuth2 POST of
 * https://distribution.github.io/distribution/spec/auth/oauth/.
 */
export async function startTokenServer(options: TokenServerOptions = {}): Promise<TokenServer> {
  const { users = {}, anonymousPull = false, lifetimeSeconds = 300 } = options;
  await using cleanup = new AsyncDisposableStack();
  const folder = cleanup.use(await createTempFolder("tokens"));
  const { certFile, keyFile } = await createCertificate(folder.path);
  const key = await importPKCS8(await readFile(keyFile, "utf8"), "ES256");
  // The certificate is in x5c. Without it distribution 2 requires a libtrust key id, and 3 a JWKS.
  const x5c = [(await readFile(certFile, "utf8")).replace(/-----[A-Z ]+-----|\s/g, "")];

  const issued: IssuedToken[] = [];
  const refreshTokens = new Map<string, string>();

  function createRefreshToken(account: string): string {
    const token = randomUUID();
    refreshTokens.set(token, account);
    return token;
  }

  async function issueToken(account: string, asked: readonly string[]): Promise<Issue> {
    const allowed = account === "" ? ["pull"] : users[account]?.actions;
    const access = asked.map(parseScope).filter((scope) => scope !== undefined)
      .map((scope) => ({
        ...scope,
        actions: scope.actions.filter((action) => allowed?.includes(action) ?? true),
      }))
      .filter((scope) => scope.actions.length > 0);
    const now = Date.now();
    const nowSeconds = Math.floor(now / 1000);
    const token = await new SignJWT({ access })
      .setProtectedHeader({ alg: "ES256", typ: "JWT", x5c })
      .setIssuer(issuer).setAudience(service).setSubject(account).setJti(randomUUID())
      .setIssuedAt(nowSeconds).setNotBefore(nowSeconds)
      .setExpirationTime(nowSeconds + lifetimeSeconds - leewaySeconds)
      .sign(key);
    const scopes = access.map(({ type, name, actions }) => `${type}:${name}:${actions.join(",")}`);
    issued.push({ account, scopes, at: now });
    return { token, scopes, expires_in: lifetimeSeconds, issued_at: new Date(now).toISOString() };
  }

  async function answerGet(request: IncomingMessage, query: URLSearchParams): Promise<Answer> {
    const account = accountOf(request.headers.authorization);
    if (account === undefined) return unauthorized;
    const { token, scopes: _, ...rest } = await issueToken(account, scopesOf(query));
    const refresh = query.get("offline_token") === "true" && account !== ""
      ? { refresh_token: createRefreshToken(account) }
      : {};
    return { status: 200, body: { token, access_token: token, ...rest, ...refresh } };
  }

  /** The user of Basic credentials. "" for anonymous access if that is permitted. Undefined if rejected. */
  function accountOf(authorization: string | undefined): string | undefined {
    if (authorization === undefined) return anonymousPull ? "" : undefined;
    const [scheme, encoded = ""] = authorization.split(" ");
    if (scheme?.toLowerCase() !== "basic") return undefined;
    const [account = "", ...password] = Buffer.from(encoded, "base64").toString().split(":");
    return isUser(account, password.join(":")) ? account : undefined;
  }

  function isUser(account: string, password: string): boolean {
    return Object.hasOwn(users, account) && users[account]?.password === password;
  }

  async function answerPost(form: URLSearchParams): Promise<Answer> {
    if (form.get("service") !== service || !form.get("client_id")) {
      return badRequest("invalid_request");
    }
    const grantType = form.get("grant_type");
    const given = form.get("refresh_token") ?? "";
    const name = form.get("username") ?? "";
    if (grantType !== "password" && grantType !== "refresh_token") {
      return badRequest("unsupported_grant_type");
    }
    const account = grantType === "refresh_token"
      ? refreshTokens.get(given)
      : isUser(name, form.get("password") ?? "")
      ? name
      : undefined;
    if (account === undefined) return unauthorized;
    const { token, scopes, ...rest } = await issueToken(account, scopesOf(form));
    const refresh = grantType === "refresh_token"
      ? { refresh_token: given }
      : form.get("access_type") === "offline"
      ? { refresh_token: createRefreshToken(account) }
      : {};
    return {
      status: 200,
      body: { access_token: token, scope: scopes.join(" "), ...rest, ...refresh },
    };
  }

  async function answer(request: IncomingMessage): Promise<Answer> {
    const url = new URL(request.url ?? "/", "http://127.0.0.1");
    if (url.pathname !== "/token") return { status: 404, body: {} };
    if (request.method === "GET") return await answerGet(request, url.searchParams);
    if (request.method === "POST") return await answerPost(await readForm(request));
    return { status: 405, body: {} };
  }

  const server = createServer((request, response) => {
    answer(request).catch((error) => ({ status: 500, body: { error: String(error) } }))
      .then((result) => send(response, result));
  });
  const host = await listenOnLoopback(server);
  cleanup.defer(() => closeServer(server));
  const kept = cleanup.move();
  const stop = (): Promise<void> => kept.disposeAsync();
  // By name, because crane rejects a realm with a loopback address unless the registry has the same.
  const realm = `http://${host.replace("127.0.0.1", "localhost")}/token`;
  return {
    realm,
    service,
    issuer,
    certFile,
    issued,
    createRefreshToken,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

interface Issue {
  readonly token: string;
  readonly scopes: readonly string[];
  readonly expires_in: number;
  readonly issued_at: string;
}

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

const unauthorized: Answer = {
  status: 401,
  body: { errors: [{ code: "UNAUTHORIZED", message: "incorrect username or password" }] },
};

function badRequest(error: string): Answer {
  return { status: 400, body: { error } };
}

/** The scopes of all `scope` parameters. Each can have several scopes. */
function scopesOf(parameters: URLSearchParams): string[] {
  return parameters.getAll("scope").flatMap((scope) => scope.split(" ")).filter(Boolean);
}

interface Scope {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

/** `type:name:action,action`, where the name can contain a colon. */
function parseScope(text: string): Scope | undefined {
  const match = /^(?<type>[^:]+):(?<name>.+):(?<actions>[^:]+)$/.exec(text)?.groups;
  if (match === undefined) return undefined;
  const { type = "", name = "", actions = "" } = match;
  return { type, name, actions: actions.split(",") };
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) {
    text += chunk;
    if (text.length > maxFormBytes) throw new RangeError(`Form above ${maxFormBytes} bytes`);
  }
  return new URLSearchParams(text);
}

function send(response: ServerResponse, { status, body }: Answer): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
