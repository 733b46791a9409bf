import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import type { Setup } from "../../src/config/setup.ts";
import { startRegistry } from "../support/registry.ts";
import type { RunningRegistry } from "../support/registry.ts";
import { checkAccessibility, expectText, openView } from "./browser.ts";
import { COPY_TOKEN, READ_TOKEN, startMirrorServer } from "./mirror_server.ts";
import type { MirrorServer } from "./mirror_server.ts";

const PASSWORD = "password-of-the-vault";
const HOOK_SECRET = "a-secret-of-the-hook";
const PATH_SECRET = "a-secret-within-a-path";
const NOTICE_SECRET = `whsec_${btoa("a-secret-for-the-notices")}`;
const NOTICE_TOKEN = "token-in-the-address-of-a-receiver";

interface FilledServer extends AsyncDisposable {
  readonly server: MirrorServer;
  /** Requires the password. */
  readonly vault: RunningRegistry;
  /** Sends an event to a webhook, and returns the status of the answer. */
  push(path: string, secret?: string): Promise<number>;
}

/** A server with two credentials, of which one is wrong, with webhooks and notices. */
async function startFilledServer(): Promise<FilledServer> {
  await using started = new AsyncDisposableStack();
  const auth = { type: "basic", users: { me: PASSWORD } } as const;
  const vault = started.use(await startRegistry({ auth }));
  const closed = started.use(await startRegistry({ auth }));
  const rules = (source: string, target: string): string => `
creds:
- {registry: "${vault.host}", user: me, pass: ${PASSWORD}}
- {registry: "${closed.host}", user: me, pass: wrong-password-of-the-vault}
sync:
- {name: app, source: "${source}/app", target: "${target}/app", type: repository}
webhooks:
  in:
    plain: {kind: bearer, place: "${source}", secrets: [${HOOK_SECRET}]}
    github: {kind: signature, secrets: [${HOOK_SECRET}]}
    docker-hub: {kind: path, secrets: [${PATH_SECRET}]}
  out:
  - {url: "https://chat.example/${NOTICE_TOKEN}", secrets: ["${NOTICE_SECRET}"]}
`;
  const variables = {
    CROSSDOCK_ALLOW_SOURCES: `${vault.host}/**,${closed.host}/**`,
    CROSSDOCK_ALLOW_DESTINATIONS: `${vault.host}/**`,
  };
  const server = started.use(await startMirrorServer({ rules, variables }));
  const kept = started.move();
  return {
    server,
    vault,
    async push(path, secret): Promise<number> {
      const response = await fetch(`${server.url}/hooks/${path}`, {
        method: "POST",
        headers: secret ? { authorization: `Bearer ${secret}` } : {},
        body: JSON.stringify({ repository: `${server.source.host}/other`, tag: "1" }),
      });
      await response.body?.cancel();
      return response.status;
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function checkNoSecrets(page: Page): Promise<void> {
  const content = await page.content();
  for (
    const secret of [
      PASSWORD,
      "wrong-password",
      HOOK_SECRET,
      PATH_SECRET,
      NOTICE_SECRET,
      NOTICE_TOKEN,
      COPY_TOKEN,
      READ_TOKEN,
    ]
  ) assert.ok(!content.includes(secret), secret);
}

for (const theme of ["light", "dark"] as const) {
  test(`the view set-up shows the configuration without a secret, and has no violation of axe-core in the ${theme} theme`, async () => {
    await using filled = await startFilledServer();
    const { server, vault } = filled;
    await using opened = await openView(server.url, "setup", { theme, token: READ_TOKEN });
    const { page } = opened;
    await page.getByRole("heading", { name: "github", exact: true }).waitFor();
    await page.getByText("the last 1000 runs since").waitFor();
    const text = await page.locator("main").innerText();
    for (
      const part of [
        "viewer: may read, and start nothing",
        `${vault.host}/**`,
        "since the server started",
        `${server.url}/hooks/plain`,
        `${server.url}/hooks/docker-hub/SECRET`,
        "chat.example",
        "Other machines cannot reach the URLs below",
      ]
    ) assert.ok(text.includes(part), part);
    for (const summary of await page.locator(".hook summary").all()) await summary.click();
    const hook = page.locator(".hook", { hasText: "hooks/docker-hub" });
    await expectText(hook, /SECRET in the URL is one of the secrets in webhooks\.in/);
    const plain = page.locator(".hook", { hasText: "hooks/plain" });
    await expectText(plain, /curl http:\/\/\S+ -H "Authorization: Bearer SECRET"/);
    await checkNoSecrets(page);
    await checkAccessibility(page);
    await page.setViewportSize({ width: 360, height: 800 });
    assert.equal(await page.evaluate("document.documentElement.scrollWidth"), 360);
    await checkAccessibility(page);
    assert.deepEqual(opened.messages, []);
  });
}

test("the view set-up checks credentials, and says what to do", async () => {
  await using filled = await startFilledServer();
  const { server, vault } = filled;
  await using opened = await openView(server.url, "setup");
  const { page } = opened;
  const rows = page.locator(".credentials > li");
  await rows.first().waitFor();
  const before = vault.requests.length;
  assert.equal(before, 0, "no check without a click");
  await rows.nth(0).getByRole("button", { name: `Check ${vault.host}` }).click();
  await rows.nth(0).getByText("works").waitFor();
  await rows.nth(1).getByRole("button").click();
  await rows.nth(1).getByText("The registry rejects the credential").waitFor();
  await expectText(rows.nth(1), /CROSSDOCK_CONFIG[^]*replace it/);

  await page.getByLabel("Registry or repository").fill(`${vault.host}/team/app`);
  await page.getByLabel("Access").selectOption("push");
  await page.getByRole("button", { name: "Check access" }).click();
  const result = page.locator(".check-form + [role=status]");
  await result.getByText("works").waitFor();
  assert.equal(vault.count({ method: "DELETE" }), 1, "the upload is cancelled");
  await page.getByLabel("Registry or repository").fill("elsewhere.example/app");
  await page.getByRole("button", { name: "Check access" }).click();
  await result.getByText("CROSSDOCK_ALLOW_SOURCES").waitFor();
  await checkNoSecrets(page);
  await checkAccessibility(page);
  assert.deepEqual(opened.messages, []);
});

test("the view set-up offers no check of push to a token that may only read", async () => {
  await using filled = await startFilledServer();
  await using opened = await openView(filled.server.url, "setup", { token: READ_TOKEN });
  const option = opened.page.locator("option", { hasText: "push" });
  await option.waitFor({ state: "attached" });
  assert.equal(await option.isDisabled(), true);
});

test("the view set-up shows an event and a refusal without a reload of the page", async () => {
  await using filled = await startFilledServer();
  await using opened = await openView(filled.server.url, "setup");
  const { page } = opened;
  const plain = page.locator(".hook", { hasText: "hooks/plain" });
  const hub = page.locator(".hook", { hasText: "hooks/docker-hub" });
  await plain.waitFor();
  await expectText(plain, /Last event\s+none\s+How/);
  const firstLoad = await page.evaluate("performance.timeOrigin");

  assert.equal(await filled.push("plain", HOOK_SECRET), 202);
  // The page also does this every 15 s.
  await page.getByRole("button", { name: "Refresh" }).click();
  await plain.getByText("no rule matches").waitFor();
  await expectText(plain, /Last event\s+– ignored/);

  assert.equal(await filled.push("plain", "a-wrong-secret-of-somebody"), 401);
  assert.equal(await filled.push("docker-hub/a-wrong-secret-in-a-path"), 404);
  await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
  await plain.getByText("set the same secret in webhooks.in").waitFor();
  await expectText(plain, /Last refusal\s+× rejected/);
  await expectText(hub, /paste the URL again at the sender/);
  assert.ok(!(await page.content()).includes("a-wrong-secret"));
  await checkNoSecrets(page);
  await checkAccessibility(page);
  assert.equal(await page.evaluate("performance.timeOrigin"), firstLoad);
  assert.deepEqual(opened.messages, []);
});

test("the view set-up keeps what it has loaded when the server stops responding", async () => {
  await using filled = await startFilledServer();
  const { server } = filled;
  await using opened = await openView(server.url, "setup");
  const { page } = opened;
  await page.locator(".hook").first().waitFor();
  server.intercept = () => new Response("bad gateway", { status: 502 });
  await page.getByRole("button", { name: "Refresh" }).click();
  await page.getByRole("alert").getByText("HTTP 502 from").waitFor();
  assert.equal(await page.locator(".hook").count(), 3);
  server.intercept = undefined;
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("alert").waitFor({ state: "detached" });
});

test("the view set-up says what a Worker cannot know", async () => {
  await using server = await startMirrorServer();
  const headers = { authorization: `Bearer ${READ_TOKEN}` };
  const setup: Setup = await (await fetch(`${server.url}/v1/setup`, { headers })).json();
  const host = { ...setup.host, name: "workerd", memory: "isolate", durableCopies: true };
  server.intercept = (request) =>
    new URL(request.url).pathname === "/v1/setup" ? Response.json({ ...setup, host }) : undefined;
  await using opened = await openView(server.url, "setup");
  await opened.page.getByText("Each isolate of the Worker knows only its own webhooks").waitFor();
  const text = await opened.page.locator("main").innerText();
  assert.match(text, /on workerd[^]*can continue without their caller/);
  assert.deepEqual(opened.messages, []);
});

test("the view set-up of an open server without rules warns, and says what is not configured", async () => {
  const variables = {
    CROSSDOCK_TOKENS: "",
    CROSSDOCK_OPEN: "true",
    CROSSDOCK_ALLOW_SOURCES: "",
    CROSSDOCK_ALLOW_DESTINATIONS: "",
    CROSSDOCK_CONFIG: "",
  };
  await using server = await startMirrorServer({ variables, keepsHistory: false });
  await using opened = await openView(server.url, "setup", { token: undefined });
  const { page } = opened;
  await page.getByText("nothing: a Worker keeps runs only in a KV namespace").waitFor();
  const text = await page.locator("main").innerText();
  for (
    const part of [
      "anyone who can reach this server can copy without a token",
      "anyone: no token is needed",
      "CROSSDOCK_ALLOW_SOURCES is empty",
      "the server is anonymous",
      "rules run only on their schedules",
      "Nobody is notified",
    ]
  ) assert.ok(text.includes(part), part);
  await checkAccessibility(page);
  assert.deepEqual(opened.messages, []);
});
