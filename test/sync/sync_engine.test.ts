/** `regcert` of a configuration. */
import { test } from "node:test";
import assert from "node:assert/strict";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { registryTls } from "../../src/config/registries.ts";
import { createRuntime } from "../../src/hosts/detect.ts";
import { createSyncEngine } from "../../src/sync/sync_engine.ts";
import { parse } from "./setup.ts";
import { certificate } from "../hosts/certificate.ts";

test("createSyncEngine() trusts the certificates of one registry", async () => {
  const server = createServer(certificate, (_, response) => response.end('{"tags": ["1"]}'));
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const { port } = server.address() as AddressInfo;
  const runtime = await createRuntime();
  async function listTags(creds: unknown): Promise<string[]> {
    const { config } = parse(JSON.stringify({ creds }));
    const side = registryTls(config.registries);
    const engine = createSyncEngine({ runtime, source: side, destination: side, retries: 0 });
    const tags: string[] = [];
    for await (const page of engine.batch().tags(`localhost:${port}/a`)) tags.push(...page);
    return tags;
  }
  try {
    const registry = `localhost:${port}`;
    assert.deepEqual(await listTags([{ registry, regcert: certificate.cert }]), ["1"]);
    await assert.rejects(
      listTags([{ registry, tls: "enabled" }, { registry: "b.io", regcert: certificate.cert }]),
      /certificate is not trusted/,
    );
  } finally {
    server.close();
    server.closeAllConnections();
  }
});
