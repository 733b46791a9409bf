/** Copies between registries of a private network, in the real workerd. A Worker takes the place of the VPC network. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { putImage } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";
import { startWith } from "./support.ts";

test("a Worker reaches the hosts of CROSSDOCK_ALLOW_PRIVATE by the binding PRIVATE_NETWORK", async () => {
  await using source = await startRegistry();
  await using destination = await startRegistry();
  const { descriptor } = await putImage(source, "app", { tag: "1", layers: 2 });
  await using worker = await startWith({
    CROSSDOCK_OPEN: "true",
    CROSSDOCK_ALLOW_SOURCES: "**",
    CROSSDOCK_ALLOW_DESTINATIONS: "**",
    CROSSDOCK_ALLOW_PRIVATE: "source.internal 10.0.0.0/8",
  }, {
    network: toNetwork({ "source.internal": source.host, "10.1.2.3": destination.host }),
  });

  const names = { source: "source.internal/app:1", destination: "10.1.2.3/mirror/app:1" };
  const id = await worker.start(names);
  const { state } = await worker.reach(id, "complete", "failed");
  assert.equal(state, "complete", JSON.stringify(worker.lines));
  assert.deepEqual(destination.tags("mirror/app"), ["1"]);
  const { status, json } = await worker.ask("GET", "/v1/images?reference=10.1.2.3/mirror/app:1");
  assert.equal(status, 200, JSON.stringify(json));
  assert.equal(json.root.descriptor.digest, descriptor.digest);

  // Other private hosts are rejected by the guard, before the binding.
  const denied = await worker.ask("GET", "/v1/images?reference=other.internal/app:1");
  assert.deepEqual([denied.status, denied.json.code], [403, "denied"]);
});

/** The module of a Worker that sends requests for private hosts to registries on loopback. */
function toNetwork(hosts: Readonly<Record<string, string>>): string {
  return `
    const HOSTS = ${JSON.stringify(hosts)};
    export default {
      async fetch(request) {
        const { hostname, origin, pathname, search } = new URL(request.url);
        const own = "http://" + HOSTS[hostname];
        const response = await fetch(new Request(own + pathname + search, request));
        const headers = new Headers(response.headers);
        // The registries see another Host than a tunnel would pass on.
        const location = headers.get("location");
        if (location) headers.set("location", location.replace(own, origin));
        return new Response(response.body, { status: response.status, headers });
      },
    };`;
}
