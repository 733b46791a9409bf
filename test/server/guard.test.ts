import assert from "node:assert/strict";
import { test } from "node:test";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createEngine } from "../../src/engine.ts";
import { createRuntime } from "../../src/hosts/detect.ts";
import type { CheckedAddresses } from "../../src/runtime.ts";
import { createGuard } from "../../src/server/guard.ts";
import type { GuardOptions } from "../../src/server/guard.ts";

/** Asks for a request for a registry, by default the one at the URL's host. */
function ask(
  text: string,
  { registry, ...options }: Partial<GuardOptions> & { registry?: string } = {},
): Promise<CheckedAddresses | undefined> {
  const guard = createGuard({ allowPrivate: [], ...options });
  const url = new URL(text);
  return guard(url, { side: "source", kind: "registry", registry: registry ?? url.host });
}

const PUBLIC = [
  "https://registry-1.docker.io/v2/",
  "https://93.184.216.34/v2/",
  "https://[2606:2800:220:1:248:1893:25c8:1946]/v2/",
  "https://internal.example.com/v2/",
];

for (const url of PUBLIC) {
  test(`createGuard() admits ${url}`, async () => {
    const resolved: string[] = [];
    const resolveHost = (name: string): Promise<string[]> => {
      resolved.push(name);
      return Promise.resolve(["93.184.216.34"]);
    };
    assert.equal(await ask(url), undefined);
    const { hostname } = new URL(url);
    const isName = hostname.endsWith(".io") || hostname.endsWith(".com");
    const checked = await ask(url, { resolveHost });
    assert.deepEqual(checked?.addresses, isName ? ["93.184.216.34"] : undefined);
    assert.deepEqual(resolved, isName ? [hostname] : []);
  });
}

const PRIVATE = [
  "http://127.0.0.1:5000/v2/",
  "http://127.1/v2/",
  "http://2130706433/v2/",
  "http://0.0.0.0/v2/",
  "http://10.1.2.3/v2/",
  "http://172.16.0.1/v2/",
  "http://192.168.1.1/v2/",
  "http://100.64.0.1/v2/",
  "http://169.254.169.254/latest/meta-data/",
  "http://224.0.0.1/v2/",
  "http://255.255.255.255/v2/",
  "http://[::1]/v2/",
  "http://[::]/v2/",
  "http://[fe80::1]/v2/",
  "http://[fd00::1]/v2/",
  "http://[::ffff:10.0.0.1]/v2/",
  "http://[::127.0.0.1]/v2/",
  "http://[64:ff9b::7f00:1]/v2/",
  "http://localhost:5000/v2/",
  "http://a.localhost/v2/",
  "http://localhost./v2/",
  "http://registry:5000/v2/",
  "http://printer.local/v2/",
  "http://metadata.google.internal/v2/",
];

for (const url of PRIVATE) {
  test(`createGuard() rejects ${url}`, async () => {
    await assert.rejects(ask(url), { code: "denied", side: "source" });
  });
}

const USELESS = [
  "http://registry.internal",
  '"registry.internal"',
  '["registry.internal"]',
  "registry.internal:70000",
  "registry.internal:abc",
  "10.0.0.256",
  "10.0.0",
  "010.0.0.1",
  "localhost:0",
  "https://registry.example=10.0.0.1",
  "registry.example/app=10.0.0.1",
  "10.0.0.0/33",
  "10.0.0.0-10.0.0.9",
  "a=b=c",
  "!registry.internal",
];

for (const entry of USELESS) {
  test(`createGuard() rejects the entry ${entry}, which allows nothing`, () => {
    assert.throws(() => createGuard({ allowPrivate: [entry] }), /CROSSDOCK_ALLOW_PRIVATE/);
  });
}

test("createGuard() reads the names of hosts in lower case", async () => {
  const allowPrivate = ["Registry.Internal", "Registry.Example=Storage.Internal"];
  await ask("https://registry.internal/v2/", { allowPrivate });
  await ask("https://storage.internal/v2/", { allowPrivate, registry: "registry.example" });
});

test("createGuard() admits private hosts that are allowed by name", async () => {
  const allowPrivate = ["registry.internal", "10.0.0.7:5000", "[::1]", "*.cluster.local"];
  for (
    const url of [
      "http://registry.internal/",
      "http://registry.internal:8080/",
      "http://10.0.0.7:5000/",
      "http://[::1]:5000/",
      "http://a.b.cluster.local/",
    ]
  ) {
    assert.equal(await ask(url, { allowPrivate }), undefined);
    await assert.rejects(ask(url), { code: "denied" });
  }
  for (
    const url of ["http://10.0.0.7:5001/", "http://10.0.0.8:5000/", "http://xregistry.internal/"]
  ) {
    await assert.rejects(ask(url, { allowPrivate }), { code: "denied" });
  }
});

test("createGuard() rejects a name that resolves to a private address", async () => {
  const resolveHost = (): Promise<string[]> => Promise.resolve(["93.184.216.34", "10.0.0.1"]);
  await assert.rejects(ask("https://rebound.example.com/", { resolveHost }), (error: Error) => {
    assert.match(error.message, /10\.0\.0\.1/);
    return true;
  });
});

test("createGuard() keeps apart what it checked for each registry", async () => {
  const resolveHost = (): Promise<string[]> => Promise.resolve(["93.184.216.34"]);
  const guard = createGuard({ allowPrivate: [], resolveHost });
  const url = new URL("https://storage.example.com/");
  const about = { side: "source", kind: "registry" } as const;
  const first = await guard(url, { ...about, registry: "a.example.com" });
  const second = await guard(url, { ...about, registry: "b.example.com" });
  const other = await createGuard({ allowPrivate: [], resolveHost })(url, {
    ...about,
    registry: "a.example.com",
  });
  const all = [first, second, other].map((checked) => checked?.checkedFor);
  assert.equal(new Set(all).size, 3);
});

/** Answers each request with 404 and counts them. */
async function listen(
  address: string,
  port: number,
): Promise<AsyncDisposable & { port: number; requests: () => number }> {
  let requests = 0;
  const server = createServer((_request, response) => {
    requests++;
    response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(port, address, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    requests: () => requests,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

test("createGuard() never lets a name reach another address than the checked one", async () => {
  await using allowed = await listen("127.0.0.2", 0);
  await using hidden = await listen("127.0.0.1", allowed.port);
  // The guard's resolver first returns the allowed address. The host resolves localhost to 127.0.0.1.
  const answers = ["127.0.0.2"];
  const guard = createGuard({
    allowPrivate: ["127.0.0.2"],
    resolveHost: () => Promise.resolve([answers.shift() ?? "127.0.0.1"]),
  });
  const engine = createEngine({ runtime: await createRuntime(), guard, retries: 0 });
  const resolve = (): Promise<unknown> => engine.resolve(`localhost:${allowed.port}/a/b:1`);
  await resolve().catch(() => {});
  assert.deepEqual([allowed.requests(), hidden.requests()], [1, 0]);
  await assert.rejects(resolve(), { code: "denied" });
  assert.deepEqual([allowed.requests(), hidden.requests()], [1, 0]);
});

test("createGuard() refuses a name without addresses", async () => {
  const resolveHost = (): Promise<string[]> => Promise.resolve([]);
  await assert.rejects(ask("https://nowhere.example.com/", { resolveHost }), { failure: "dns" });
});

test("createGuard() refuses a name that does not resolve", async () => {
  const resolveHost = (): Promise<string[]> => Promise.reject(new Error("SERVFAIL"));
  await assert.rejects(ask("https://nowhere.example.com/", { resolveHost }), {
    code: "network",
    failure: "dns",
    message: "connect to nowhere.example.com: the name does not resolve",
  });
});

const RANGES = ["10.0.0.*", "10.0.0.0/8", "10.*", "10.0.0.7", "10.0.0.7:80", "10.0.0.7/32"];

for (const range of RANGES) {
  test(`createGuard() compares ${range} with addresses, not with names`, async () => {
    const allowPrivate = [range];
    const resolveTo = (...addresses: string[]): { resolveHost: () => Promise<string[]> } => ({
      resolveHost: () => Promise.resolve(addresses),
    });
    await ask("http://10.0.0.7/", { allowPrivate });
    await ask("http://[::ffff:10.0.0.7]/", { allowPrivate });
    for (const url of ["http://registry/", "http://registry.example.com/"]) {
      await ask(url, { allowPrivate, ...resolveTo("10.0.0.7") });
      for (const address of ["127.0.0.1", "169.254.169.254", "192.168.0.7"]) {
        const options = { allowPrivate, ...resolveTo("10.0.0.7", address) };
        await assert.rejects(ask(url, options), { code: "denied" }, `${url} ${address}`);
      }
    }
    for (const name of ["10.0.0.evil.example.com", "10.0.0.7.evil.example.com"]) {
      const options = { allowPrivate, ...resolveTo("127.0.0.1") };
      await assert.rejects(ask(`http://${name}/`, options), { code: "denied" }, name);
    }
  });
}

test("createGuard() takes ranges of IPv6", async () => {
  const allowPrivate = ["fd00::/8", "[::1]:5000"];
  for (const url of ["http://[fd12::1]/", "http://[::1]:5000/"]) await ask(url, { allowPrivate });
  for (const url of ["http://[fe80::1]/", "http://[::1]:5001/"]) {
    await assert.rejects(ask(url, { allowPrivate }), { code: "denied" });
  }
});

test("createGuard() lets no registry send requests to the private host of another one", async () => {
  const allowPrivate = ["mirror.internal:5000", "10.0.0.0/8", "gitlab.internal=tokens.internal"];
  const cases: [url: string, registry: string, isAllowed: boolean][] = [
    ["http://mirror.internal:5000/v2/", "mirror.internal:5000", true],
    ["http://mirror.internal:5000/v2/", "evil.example.com", false],
    ["http://mirror.internal:5000/v2/", "10.0.0.1", false],
    ["http://mirror.internal:22/", "mirror.internal:5000", false],
    ["http://10.0.0.1/v2/", "10.0.0.1", true],
    ["http://10.0.0.2/v2/", "10.0.0.1", false],
    ["http://10.0.0.2/v2/", "evil.example.com", false],
    ["https://tokens.internal/jwt", "gitlab.internal", true],
    ["https://tokens.internal/jwt", "evil.example.com", false],
    ["https://tokens.internal/jwt", "tokens.internal", false],
  ];
  for (const [url, registry, isAllowed] of cases) {
    const asked = ask(url, { allowPrivate, registry });
    if (isAllowed) await asked;
    else await assert.rejects(asked, { code: "denied" }, `${url} for ${registry}`);
  }
});

test("createGuard() names the entry for a host that is not the registry's own", async () => {
  await assert.rejects(
    ask("https://tokens.internal/jwt", { registry: "registry.internal" }),
    {
      message:
        "connect to tokens.internal for registry.internal: tokens.internal is not a public address",
      hint: "to allow it, add registry.internal=tokens.internal to CROSSDOCK_ALLOW_PRIVATE",
    },
  );
});

test("createGuard() lets webhooks reach an allowed host", async () => {
  const guard = createGuard({ allowPrivate: ["chat.internal"] });
  await guard(new URL("https://chat.internal/hook"));
  await assert.rejects(guard(new URL("https://other.internal/hook")), { code: "denied" });
});

for (const entry of ["10.0.0.0/33", "a/b", "=x", "a=", "http://a"]) {
  test(`createGuard() refuses the entry ${entry}`, () => {
    assert.throws(() => createGuard({ allowPrivate: [entry] }), { name: "ParseError" });
  });
}

test("createGuard() names the variable that would allow it", async () => {
  await assert.rejects(ask("http://10.0.0.7:5000/"), (error: Error & { hint?: string }) => {
    assert.match(error.hint ?? "", /add 10\.0\.0\.7:5000 to CROSSDOCK_ALLOW_PRIVATE/);
    return true;
  });
});
