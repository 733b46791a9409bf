/** The frame of the page with bad input: tokens, servers and browsers that do not do what they should. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { Hono } from "hono";
import { serve } from "../support/serve.ts";
import { until } from "../support/until.ts";
import { checkAccessibility, openUrl, openView, VIEWS, waitForView } from "./browser.ts";
import { checkWidth } from "./check_width.ts";
import { COPY_TOKEN, READ_TOKEN, startMirrorServer } from "./mirror_server.ts";

function problem(status: number, fields: object, headers: Record<string, string> = {}): Response {
  return Response.json({ type: "about:blank", status, ...fields }, {
    status,
    headers: { "content-type": "application/problem+json", ...headers },
  });
}

const UNAUTHORIZED = {
  title: "Unauthorized",
  code: "unauthorized",
  detail: "the token is invalid",
};

async function signIn(page: Page, token: string): Promise<void> {
  await page.getByLabel("Token").fill(token);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** Answers calls of the API as a server would that no longer knows a token. */
function isCall(request: Request): boolean {
  return new URL(request.url).pathname.startsWith("/v1/");
}

test("a token that expires is replaced above the view, which loads its data again", async () => {
  await using server = await startMirrorServer();
  await using opened = await openView(server.url, "setup");
  const { page } = opened;
  await page.getByText("admin").first().waitFor();
  await page.getByRole("heading", { level: 1 }).waitFor();
  server.intercept = (request) =>
    isCall(request) && request.headers.get("authorization") === `Bearer ${COPY_TOKEN}`
      ? problem(401, UNAUTHORIZED)
      : undefined;
  await opened.show("runs");
  await page.getByText("The server rejected the token").waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  // Chromium closes a dialog at the second Escape. The page opens it again.
  await page.getByLabel("Token").waitFor();
  await checkAccessibility(page);
  assert.ok(await page.locator("nav").isVisible(), "the frame stays behind the form");
  const before = server.requests.length;
  await signIn(page, READ_TOKEN);
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.locator(".who").getByText("viewer").waitFor();
  assert.match(page.url(), /#\/runs$/);
  await until(
    "the view is loaded again",
    () => server.requests.slice(before).includes("GET /v1/runs"),
  );
});

test("too many wrong tokens: the form says when to try again", async () => {
  await using server = await startMirrorServer();
  await using opened = await openView(server.url, "mirrors", { token: undefined });
  const { page } = opened;
  await page.getByLabel("Token").waitFor();
  server.intercept = (request) =>
    isCall(request)
      ? problem(429, {
        title: "Too many requests",
        code: "rate_limited",
        detail: "too many invalid tokens from this address",
        hint: "retry after 60 seconds",
      }, { "retry-after": "60" })
      : undefined;
  await signIn(page, "a-token-that-is-wrong");
  await page.getByText("too many invalid tokens").waitFor();
  await page.getByText(/Not before .*\d\d:\d\d:\d\d/).waitFor();
  assert.equal(await page.locator("nav").count(), 0);
  await checkAccessibility(page);
  server.intercept = undefined;
  await signIn(page, COPY_TOKEN);
  await page.getByRole("navigation", { name: "Views" }).waitFor();
});

test("a server that is away is called again, and its return is seen", async () => {
  await using server = await startMirrorServer();
  await using opened = await openView(server.url, "mirrors");
  const { page } = opened;
  await page.clock.install();
  await page.reload();
  await waitForView(page, "Mirrors");
  // From here the time of the page is independent of the speed of the machine.
  await page.clock.pauseAt(Date.now() + 3_600_000);
  server.intercept = (request) =>
    isCall(request) ? new Response("<h1>502 Bad Gateway</h1>", { status: 502 }) : undefined;
  await opened.show("runs");
  const problem = page.getByText("HTTP 502 from");
  await runClock(page, async () => await problem.isVisible());
  const calls = (): number =>
    server.requests.filter((request) => request.startsWith("GET /v1/runs")).length;
  const before = calls();
  await page.clock.runFor(4000);
  assert.equal(calls(), before, "not within five seconds");
  await page.clock.runFor(1500);
  await until("a call", () => calls() > before);
  server.intercept = undefined;
  await runClock(page, async () => !await problem.isVisible());
  await page.getByText("The page tries again until it can").waitFor({ state: "detached" });
});

/** Advances a clock that is paused until a condition holds. Frames of the page need it, too. */
async function runClock(page: Page, holds: () => Promise<boolean>): Promise<void> {
  while (!await holds()) await page.clock.runFor(20);
}

test("a set-up that the server does not give is shown, with a way to another token", async () => {
  await using server = await startMirrorServer();
  server.intercept = (request) =>
    isCall(request)
      ? problem(403, { title: "Not allowed", code: "denied", detail: "a proxy denies this" })
      : undefined;
  await using opened = await openView(server.url, "mirrors");
  const { page } = opened;
  await page.getByText("a proxy denies this").waitFor();
  server.intercept = undefined;
  await page.getByRole("button", { name: "Use another token" }).click();
  await signIn(page, COPY_TOKEN);
  await page.getByRole("navigation", { name: "Views" }).waitFor();
});

test("a fault of one view leaves the others", async () => {
  await using server = await startMirrorServer();
  server.intercept = (request) =>
    new URL(request.url).pathname === "/v1/runs"
      ? Response.json({ runs: [null], history: { kept: "memory", note: "" } })
      : undefined;
  await using opened = await openView(server.url, "runs");
  const { page } = opened;
  await page.getByText("This page has a fault").waitFor();
  await page.getByRole("link", { name: "Set-up" }).click();
  await page.getByRole("heading", { level: 1, name: "Set-up" }).waitFor();
});

test("the page works below a path, mounted and behind a proxy that removes it", async () => {
  await using server = await startMirrorServer();
  const mounted = new Hono().mount("/deep/mirror", async (request) => {
    const { pathname, search } = new URL(request.url);
    const response = await fetch(new Request(`${server.url}${pathname}${search}`, request));
    // fetch() decodes the body, and keeps the header.
    const headers = new Headers(response.headers);
    headers.delete("content-encoding");
    return new Response(response.body, { status: response.status, headers });
  });
  await using proxy = await serve((request) => mounted.fetch(request));
  await using opened = await openView(`${proxy.url}/deep/mirror`, "runs");
  await opened.page.getByRole("heading", { level: 1 }).waitFor();
  await opened.page.reload();
  await opened.page.getByRole("heading", { level: 1 }).waitFor();
  assert.deepEqual(opened.messages, []);
});

test("routes that nobody links to show a way back", async () => {
  await using server = await startMirrorServer();
  await using opened = await openView(server.url, "nothing");
  const { page } = opened;
  for (const route of ["nothing", "constructor", "__proto__", "%", "%E0%A4%A/x?y=%"]) {
    await opened.show(route);
    await page.getByText("There is no view").waitFor();
    await page.getByRole("link", { name: "Show the mirrors" }).click();
    await page.getByRole("heading", { level: 1, name: "Mirrors" }).waitFor();
  }
  await opened.show("runs/%E0%A4%A?x=%");
  await page.waitForFunction("document.title.startsWith('Runs')");
  assert.deepEqual(opened.messages, []);
});

test("a link that is followed as soon as it is rendered opens its view", async () => {
  await using server = await startMirrorServer();
  // The browser draws the page only after the click, as on a busy machine.
  const script = `new MutationObserver((_, observer) => {
    const link = document.querySelector("nav a[href='#/runs']");
    if (!link) return;
    observer.disconnect();
    link.click();
  }).observe(document, { childList: true, subtree: true });`;
  await using opened = await openView(server.url, "mirrors", { script });
  await waitForView(opened.page, "Runs");
});

test("two tabs have tokens of their own, and back keeps what was filtered", async () => {
  await using server = await startMirrorServer();
  await using first = await openView(server.url, "mirrors?text=app");
  await using second = await openView(server.url, "mirrors", { token: READ_TOKEN });
  await first.page.locator(".who").getByText("admin").waitFor();
  await second.page.locator(".who").getByText("viewer").waitFor();
  await first.page.getByRole("link", { name: "Set-up" }).click();
  await first.page.getByRole("heading", { level: 1, name: "Set-up" }).waitFor();
  await first.page.goBack();
  await first.page.getByRole("heading", { level: 1, name: "Mirrors" }).waitFor();
  assert.match(first.page.url(), /#\/mirrors\?text=app$/);
});

test("a browser that keeps nothing asks for the token at each load", async () => {
  await using server = await startMirrorServer();
  const script = `Object.defineProperty(globalThis, "sessionStorage", {
    get() { throw new DOMException("denied", "SecurityError"); },
  });`;
  await using opened = await openView(server.url, "mirrors", { token: undefined, script });
  for (let load = 0; load < 2; load++) {
    await signIn(opened.page, COPY_TOKEN);
    await opened.page.getByRole("navigation", { name: "Views" }).waitFor();
    await opened.page.reload();
  }
  assert.deepEqual(opened.messages, []);
});

test("without JavaScript the page names what else there is", async () => {
  await using server = await startMirrorServer();
  await using opened = await openUrl(server.url, { context: { javaScriptEnabled: false } });
  assert.match(await opened.page.content(), /This page needs JavaScript/);
  assert.ok(await opened.page.getByRole("link", { name: "HTTP API" }).isVisible());
});

test("the keyboard reaches the content past the navigation", async () => {
  await using server = await startMirrorServer();
  await using opened = await openView(server.url, "mirrors");
  const { page } = opened;
  await page.getByRole("navigation", { name: "Views" }).waitFor();
  await page.keyboard.press("Tab");
  const skip = page.getByRole("link", { name: "Skip to the content" });
  assert.equal(await page.evaluate("document.activeElement.className"), "skip");
  const box = await skip.boundingBox();
  assert.ok(box && box.x >= 0, "it is visible while it has the focus");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate("document.activeElement.id"), "main");
});

for (const width of [360, 640]) {
  test(`no view is wider than a window of ${width} px`, async () => {
    await using server = await startMirrorServer();
    await using opened = await openView(server.url, "mirrors", { width });
    for (const [view, name] of Object.entries(VIEWS)) {
      await opened.show(view);
      await waitForView(opened.page, name);
      await checkWidth(opened.page);
    }
    await using signedOut = await openView(server.url, "mirrors", { width, token: undefined });
    await signedOut.page.getByLabel("Token").waitFor();
    await checkWidth(signedOut.page);
  });
}

test("forced colours keep the current view and the states visible", async () => {
  await using server = await startMirrorServer();
  await using opened = await openView(server.url, "setup", { context: { forcedColors: "active" } });
  const { page } = opened;
  await page.getByRole("navigation", { name: "Views" }).waitFor();
  const border = (selector: string): Promise<unknown> =>
    page.evaluate(`getComputedStyle(document.querySelector("${selector}")).borderBottomColor`);
  assert.notEqual(await border("nav a[aria-current]"), await border("nav a:not([aria-current])"));
});
