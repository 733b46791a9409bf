/** Challenges, token servers, and the forms of docker's `config.json`. */
import assert from "node:assert/strict";
import { putImage } from "../../support/image.ts";
import type { RegistryOptions } from "../../support/registry.ts";
import type { Handler } from "../../support/serve.ts";
import { copies, expectExit, fails, refusal, startPair } from "../attempts.ts";
import type { Pair } from "../attempts.ts";
import type { Attempt, FaultCase } from "../fault_case.ts";
import type { Scene } from "../scene.ts";

type Auth = NonNullable<RegistryOptions["auth"]>;

const OPEN: Auth = { type: "bearer", users: {}, anonymousPull: true };
const LOCKED: Auth = { type: "basic", users: { ada: "secret" } };

/** A copy whose source has authentication, behind a server that changes its answers. */
async function startBehind(
  scene: Scene,
  auth: Auth | undefined,
  change: (pair: Pair) => Handler,
): Promise<{ pair: Pair; digest: string; host: string }> {
  const pair = await startPair(scene, auth && { source: { auth } });
  const { descriptor } = await putImage(pair.source, "app", { tag: "1" });
  const { host } = await scene.serve(change(pair));
  return { pair: { ...pair, sourceHost: host }, digest: descriptor.digest, host };
}

/** A copy from a source that wants a password. */
async function copyLocked(
  scene: Scene,
  more: (host: string, scene: Scene) => Partial<Attempt>,
  name: "127.0.0.1" | "localhost" = "127.0.0.1",
): Promise<Attempt> {
  const pair = await startPair(scene, { source: { auth: LOCKED } });
  const { descriptor } = await putImage(pair.source, "app", { tag: "1" });
  const sourceHost = pair.source.host.replace("127.0.0.1", name);
  const { check: _, ...attempt } = more(sourceHost, scene);
  return copies({ ...pair, sourceHost }, descriptor, attempt);
}

const AUTH = btoa("ada:secret");

const keyShapes = [
  ["scheme", (host: string) => `https://${host}`],
  ["slash", (host: string) => `${host}/`],
  ["v1", (host: string) => `https://${host}/v1/`],
  ["v2", (host: string) => `${host}/v2/`],
  ["upper-case", (host: string) => host.toUpperCase()],
] as const;

const UTF16 = new Uint8Array([0xff, 0xfe, 0x7b, 0, 0x7d, 0]);

const PASSWORDS = [
  ["colons", "a:b:c"],
  ["quotes", `"it's"`],
  ["spaces", " a b "],
  ["umlauts", "pässwörd€"],
  ["json-key", '{\n  "type": "service_account",\n  "key": "a\\nb"\n}\n'],
] as const;

export const cases: readonly FaultCase[] = [
  {
    id: "new-token-refused-once",
    situation: "The source answers the first request with a new token with 401 invalid_token.",
    async start(scene): Promise<Attempt> {
      let isFirst = true;
      const { pair, digest } = await startBehind(scene, OPEN, ({ source }) => async (request) => {
        const { origin, host, pathname } = new URL(request.url);
        if (pathname === "/token" || !request.headers.has("authorization") || !isFirst) {
          return await source.fetch(request);
        }
        isFirst = false;
        scene.hit();
        const response = refusal(401, "UNAUTHORIZED");
        const challenge = `Bearer realm="${origin}/token",service="${host}",` +
          'scope="repository:app:pull",error="invalid_token"';
        response.headers.set("www-authenticate", challenge);
        return response;
      });
      return copies(pair, { digest });
    },
  },
  {
    id: "challenge-without-scope",
    situation: "The challenge has realm and service, and no scope.",
    async start(scene): Promise<Attempt> {
      const { pair, digest } = await startBehind(scene, OPEN, ({ source }) => async (request) => {
        const response = await source.fetch(request);
        const challenge = response.headers.get("www-authenticate");
        if (challenge === null) return response;
        response.headers.set("www-authenticate", challenge.replace(/,scope="[^"]*"/, ""));
        return response;
      });
      return copies(pair, { digest });
    },
  },
  {
    id: "open-ping-basic-repository",
    situation: "GET /v2/ is open, and the repository wants BASIC, in upper case.",
    async start(scene): Promise<Attempt> {
      const { pair, digest, host } = await startBehind(
        scene,
        LOCKED,
        ({ source }) => async (request) => {
          if (new URL(request.url).pathname === "/v2/") return Response.json({});
          const response = await source.fetch(request);
          const challenge = response.headers.get("www-authenticate");
          if (challenge === null) return response;
          response.headers.set("www-authenticate", challenge.replace("Basic", "BASIC"));
          return response;
        },
      );
      return copies(pair, { digest }, { credentials: { [host]: "ada:secret" } });
    },
  },
  {
    id: "token-server-429-once",
    situation: "The token server answers 429 with Retry-After once.",
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene, { source: { auth: OPEN } });
      const { descriptor } = await putImage(pair.source, "app", { tag: "1" });
      const action = { status: 429, headers: { "retry-after": "1" } };
      scene.fail(pair.source, { path: "/token", times: 1, action });
      return copies(pair, descriptor);
    },
  },
  {
    id: "token-server-429",
    situation: "The token server always answers 429. It is a rate limit, not a wrong credential.",
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene, { source: { auth: OPEN } });
      await putImage(pair.source, "app", { tag: "1" });
      scene.fail(pair.source, { path: "/token", action: { status: 429 } });
      return fails(pair, { codes: [10] });
    },
  },
  {
    id: "two-credentials-one-registry",
    situation: "Source and destination are in one registry, with a credential for each path.",
    async start(scene): Promise<Attempt> {
      const registry = await scene.registry();
      const { descriptor } = await putImage(registry, "app/src", { tag: "1" });
      const { host } = await scene.serve(async (request) => {
        const { pathname } = new URL(request.url);
        const user = pathname.startsWith("/v2/app/src/") ? "reader" : "writer";
        const wanted = `Basic ${btoa(`${user}:${user}-secret`)}`;
        const authorization = request.headers.get("authorization");
        if (authorization === wanted || authorization && pathname === "/v2/") {
          return await registry.fetch(request);
        }
        const response = refusal(401, "UNAUTHORIZED");
        response.headers.set("www-authenticate", 'Basic realm="registry"');
        return response;
      });
      return {
        source: `${host}/app/src:1`,
        destination: `${host}/app/dst:1`,
        credentials: {
          [`${host}/app/src`]: "reader:reader-secret",
          [`${host}/app/dst`]: "writer:writer-secret",
        },
        check(outcome): void {
          expectExit(outcome, 0);
          assert.equal(registry.getManifest("app/dst", "1")?.digest, descriptor.digest);
        },
      };
    },
  },
  ...keyShapes.map(([name, toKey]): FaultCase => ({
    id: `credential-key-${name}`,
    situation: `The key of the credential in config.json is \`${toKey("host:port")}\`.`,
    on: ["deno"],
    start: (scene) =>
      copyLocked(
        scene,
        (host) => ({ dockerConfig: JSON.stringify({ auths: { [toKey(host)]: { auth: AUTH } } }) }),
        "localhost",
      ),
  })),
  {
    id: "helper-not-installed",
    situation: "credsStore names a program that is not installed, and the image is public.",
    on: ["deno"],
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene);
      await putImage(pair.source, "app", { tag: "1" });
      return {
        source: `${pair.source.host}/app:1`,
        destination: `${pair.destination.host}/app:1`,
        dockerConfig: '{"credsStore":"desktop"}',
        check({ exitCode, output }): void {
          if (exitCode !== 0) assert.match(output, /docker-credential-desktop/);
        },
      };
    },
  },
  {
    id: "config-json-with-bom",
    situation: "config.json begins with a byte order mark.",
    on: ["deno"],
    start: (scene) =>
      copyLocked(scene, (host) => ({
        dockerConfig: `\uFEFF${JSON.stringify({ auths: { [host]: { auth: AUTH } } })}`,
      })),
  },
  {
    id: "config-json-empty",
    situation: "config.json has 0 bytes, and the image is public.",
    on: ["deno"],
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene);
      const { descriptor } = await putImage(pair.source, "app", { tag: "1" });
      return copies(pair, descriptor, { dockerConfig: "" });
    },
  },
  {
    id: "config-json-utf-16",
    situation: "config.json is in UTF-16. It is read, or the message names the file.",
    on: ["deno"],
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene);
      await putImage(pair.source, "app", { tag: "1" });
      return {
        source: `${pair.source.host}/app:1`,
        destination: `${pair.destination.host}/app:1`,
        dockerConfig: UTF16,
        check({ exitCode, output, isCrossdock }): void {
          if (exitCode === 0) return;
          if (isCrossdock) assert.equal(exitCode, 2, output);
          assert.match(output, /config\.json/);
        },
      };
    },
  },
  ...PASSWORDS.map(([name, password]): FaultCase => ({
    id: `password-with-${name}`,
    situation: `The password in config.json has ${name.replace("-", " ")}.`,
    on: ["deno"],
    async start(scene): Promise<Attempt> {
      const auth = { type: "basic", users: { ada: password } } as const;
      const pair = await startPair(scene, { source: { auth } });
      const { descriptor } = await putImage(pair.source, "app", { tag: "1" });
      return copies(pair, descriptor, { credentials: { [pair.source.host]: `ada:${password}` } });
    },
  })),
  {
    id: "registry-token",
    situation: "config.json has a `registrytoken`, which is sent unchanged.",
    async start(scene): Promise<Attempt> {
      const { pair, digest, host } = await startBehind(
        scene,
        undefined,
        ({ source }) => async (request) => {
          if (request.headers.get("authorization") === "Bearer opaque.token") {
            return await source.fetch(request);
          }
          const response = refusal(401, "UNAUTHORIZED");
          const realm = `${new URL(request.url).origin}/token`;
          response.headers.set("www-authenticate", `Bearer realm="${realm}",service="r"`);
          return response;
        },
      );
      const auths = { [host]: { registrytoken: "opaque.token" } };
      return copies(pair, { digest }, { dockerConfig: JSON.stringify({ auths }) });
    },
  },
];
