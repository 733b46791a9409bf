import assert from "node:assert/strict";
import { test } from "node:test";
import { createEngine } from "../src/engine.ts";
import { createRuntime } from "../src/hosts/detect.ts";
import type { HttpRequest } from "../src/runtime.ts";
import { startPair } from "./support/pair.ts";

test("openSides() rejects folders and files unless the engine has layouts", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const message = /^oci:\.\/app is not a registry, and folders and files cannot be opened here$/;
  await assert.rejects(
    engine.copy({ source: "oci:./app:1", destination: `${destination.host}/app` }),
    { code: "usage", side: "source", message },
  );
  await assert.rejects(
    engine.copy({ source: `${source.host}/app:1`, destination: "oci:./app" }),
    { code: "usage", side: "destination", message },
  );
  await assert.rejects(engine.inspect("oci:./app"), { code: "usage", message });
  await assert.rejects(engine.checkAccess("oci:./app"), { code: "usage" });
});

test("openSides() sends a client certificate only to its registry, not to a redirect or a token server", async () => {
  const runtime = await createRuntime();
  const clientCertificate = { cert: "cert", key: "key" };
  const sent: [host: string, hasCertificate: boolean][] = [];
  const answers: Record<string, () => Response> = {
    "a.io": () =>
      new Response(null, {
        status: 401,
        headers: { "www-authenticate": 'Bearer realm="https://auth.a.io/token"' },
      }),
    "auth.a.io": () => {
      answers["a.io"] = () =>
        new Response(null, { status: 307, headers: { location: "https://cdn.a.io/tags" } });
      return Response.json({ token: "t" });
    },
    "cdn.a.io": () => Response.json({ tags: ["1"] }),
    "b.io": () => Response.json({ tags: ["2"] }),
  };
  const fetch = ({ url, tls }: HttpRequest): Promise<Response> => {
    sent.push([url.host, tls?.clientCertificate === clientCertificate]);
    return Promise.resolve(answers[url.host]?.() ?? new Response(null, { status: 404 }));
  };
  const engine = createEngine({
    runtime: { ...runtime, fetch },
    source: { clientCertificate: (name) => name === "a.io" ? clientCertificate : undefined },
  });
  for (const name of ["a.io/app", "b.io/app"]) await Array.fromAsync(engine.tags(name));
  assert.deepEqual(sent, [
    ["a.io", true],
    ["auth.a.io", false],
    ["a.io", true],
    ["cdn.a.io", false],
    ["b.io", false],
  ]);
});
