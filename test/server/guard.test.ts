import assert from "node:assert/strict";
import { test } from "node:test";
import { createGuard } from "../../src/server/guard.ts";
import type { GuardOptions } from "../../src/server/guard.ts";

function ask(url: string, options: Partial<GuardOptions> = {}): Promise<void> {
  const guard = createGuard({ allowPrivate: [], ...options });
  return Promise.resolve(guard(new URL(url), { side: "source", kind: "registry" }));
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
    assert.equal(await ask(url, { resolveHost }), undefined);
    const { hostname } = new URL(url);
    const isName = hostname.endsWith(".io") || hostname.endsWith(".com");
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

test("createGuard() admits a name that does not resolve, because the request reports that", async () => {
  let lookups = 0;
  const resolveHost = (): Promise<never> => {
    lookups++;
    return Promise.reject(new Error("no"));
  };
  assert.equal(await ask("https://nowhere.example.com/", { resolveHost }), undefined);
  assert.equal(lookups, 1);
});

test("createGuard() names the variable that would allow it", async () => {
  await assert.rejects(ask("http://10.0.0.7:5000/"), (error: Error & { hint?: string }) => {
    assert.match(error.hint ?? "", /add 10\.0\.0\.7:5000 to CROSSDOCK_ALLOW_PRIVATE/);
    return true;
  });
});
