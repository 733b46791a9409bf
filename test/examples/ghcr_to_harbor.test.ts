import { test } from "node:test";
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { until } from "../support/until.ts";
import { serveApp } from "../support/serve_app.ts";
import { putImage } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";
import { readExample, readExampleFor } from "./read_example.ts";

const PUSH = new URL("../webhooks/incoming/fixtures/github_package.json", import.meta.url);

/** `NAME: ${NAME:?…}` and `NAME: text` of the service. */
const { crossdock } = parse(readExample("ghcr_to_harbor/compose.yaml")).services;
const environment: Readonly<Record<string, string>> = crossdock.environment;

const GIVEN = {
  CROSSDOCK_TOKENS: '{"me": "a-token-of-the-example"}',
  GHCR_USER: "octocat",
  GHCR_TOKEN: "ghp_of-the-example",
  HARBOR_USER: "robot$mirror",
  HARBOR_PASSWORD: "a-password",
  GITHUB_HOOK_SECRET: "a-secret-of-sixteen-characters",
};

test("examples/ghcr_to_harbor copies the packages of GitHub's events that its rule selects, and no others", async () => {
  await using started = new AsyncDisposableStack();
  const ghcr = started.use(
    await startRegistry({ auth: { type: "bearer", users: { octocat: GIVEN.GHCR_TOKEN } } }),
  );
  const harbor = started.use(
    await startRegistry({
      auth: { type: "basic", users: { [GIVEN.HARBOR_USER]: GIVEN.HARBOR_PASSWORD } },
    }),
  );
  const hosts = { "ghcr.io": ghcr.host, "harbor.example.com": harbor.host };
  const server = started.use(
    await serveApp({
      ...GIVEN,
      CROSSDOCK_CONFIG: readExampleFor("ghcr_to_harbor/crossdock.yaml", hosts),
      CROSSDOCK_ALLOW_PRIVATE: `${
        environment["CROSSDOCK_ALLOW_PRIVATE"]
      } ${ghcr.host} ${harbor.host}`,
    }),
  );
  await putImage(ghcr, "acme/app", { tag: "v1.4.2", layers: 1 });
  await putImage(ghcr, "acme/app", { tag: "0.9", layers: 1, seed: 2 });
  const tell = async (tag: string, secret: string): Promise<number> => {
    const body = readFileSync(PUSH, "utf8").replaceAll("ghcr.io", ghcr.host)
      .replaceAll("v1.4.2", tag);
    const signature = createHmac("sha256", secret).update(body).digest("hex");
    const response = await fetch(`${server.url}/hooks/github`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "x-github-event": "package",
        "x-github-delivery": tag,
        "x-hub-signature-256": `sha256=${signature}`,
      },
      body,
    });
    await response.body?.cancel();
    return response.status;
  };

  assert.equal(await tell("v1.4.2", "another-secret-of-as-many"), 401);
  assert.equal(await tell("0.9", GIVEN.GITHUB_HOOK_SECRET), 202);
  assert.equal(await tell("v1.4.2", GIVEN.GITHUB_HOOK_SECRET), 202);
  await until("the tag is copied", () => harbor.tags("acme/app").includes("v1.4.2"));
  assert.deepEqual(harbor.tags("acme/app"), ["v1.4.2"]);
});

test("examples/ghcr_to_harbor/compose.yaml sets all variables that the rules read", () => {
  const asked = [...readExample("ghcr_to_harbor/crossdock.yaml").matchAll(/env "([A-Z_]+)"/g)]
    .map(([, name = ""]) => name);
  for (const name of asked) assert.ok(environment[name]?.startsWith(`\${${name}:?`), name);
  assert.deepEqual(Object.keys(GIVEN).filter((name) => !(name in environment)), []);
  const [source, target] = crossdock.volumes[0].split(":");
  assert.deepEqual([source, target], ["./crossdock.yaml", environment["CROSSDOCK_CONFIG_FILE"]]);
});
