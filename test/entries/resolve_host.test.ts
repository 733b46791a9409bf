import assert from "node:assert/strict";
import { test } from "node:test";
import { resolveHost } from "../../src/entries/resolve_host.ts";
import { createGuard } from "../../src/server/guard.ts";

test("resolveHost() gives the addresses of a name", async () => {
  const addresses = await resolveHost("localhost");
  assert.ok(addresses.length > 0);
  for (const address of addresses) assert.match(address, /^(127\.0\.0\.1|::1)$/);
});

test("resolveHost() rejects for a name that means nothing", async () => {
  await assert.rejects(resolveHost("no-such-name.invalid"));
});

test("createGuard() rejects a public name that resolves to loopback", async () => {
  const guard = createGuard({ allowPrivate: [], resolveHost: () => resolveHost("localhost") });
  await assert.rejects(
    async () =>
      await guard(new URL("https://registry.example.com/v2/"), {
        side: "source",
        kind: "registry",
      }),
    { code: "denied", message: /^connect to registry\.example\.com: (127\.0\.0\.1|::1) is not/ },
  );
});
