/** `regcert` of a configuration. */
import { test } from "node:test";
import assert from "node:assert/strict";
import { registryConnections } from "../../src/config/registries.ts";
import { createRuntime } from "../../src/hosts/detect.ts";
import type { HttpRequest } from "../../src/runtime.ts";
import { createSyncEngine } from "../../src/sync/sync_engine.ts";
import { certificate } from "../hosts/certificate.ts";
import { parse } from "./setup.ts";

test("createSyncEngine() trusts the certificates of one registry", async () => {
  const requests: HttpRequest[] = [];
  const runtime = {
    ...await createRuntime(),
    fetch(request: HttpRequest): Promise<Response> {
      requests.push(request);
      return Promise.resolve(Response.json({ tags: ["1"] }));
    },
  };
  const regcert = certificate.cert;
  const creds = [
    { registry: "localhost:5000", regcert },
    { registry: "a.example", regcert, tls: "insecure" },
    { registry: "b.example" },
  ];
  const side = registryConnections(parse(JSON.stringify({ creds })).config.registries);
  const engine = createSyncEngine({ runtime, source: side, destination: side });
  for (const { registry } of creds) {
    const pages = await Array.fromAsync(engine.batch().tags(`${registry}/app`));
    assert.deepEqual(pages, [["1"]]);
  }
  assert.ok(requests.every(({ url }) => url.protocol === "https:"));
  const caCerts = [`${regcert.trim()}\n`];
  const tls = new Map(requests.map(({ url, tls }) => [url.host, tls]));
  assert.deepEqual(Object.fromEntries(tls), {
    "localhost:5000": { caCerts },
    "a.example": { caCerts, unverified: true },
    "b.example": undefined,
  });
});
