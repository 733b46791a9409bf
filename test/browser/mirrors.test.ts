import assert from "node:assert/strict";
import { test } from "node:test";
import type { Locator, Page } from "playwright-core";
import type { SyncStatus } from "../../src/sync/model.ts";
import { putCosignSignature, putImage } from "../support/image.ts";
import { checkAccessibility, eventually, expectText, openView } from "./browser.ts";
import { COPY_TOKEN, READ_TOKEN, startMirrorServer } from "./mirror_server.ts";
import type { MirrorServer } from "./mirror_server.ts";
import { runRules, startMorning } from "./morning.ts";

/** The row of a tag or a rule, by the text of its heading. */
function rowOf(page: Page, name: string): Locator {
  const heading = page.getByRole("rowheader", { name, exact: true });
  return page.getByRole("row").filter({ has: heading });
}

async function expectHeaders(page: Page, expected: readonly string[]): Promise<void> {
  await eventually(async () =>
    assert.deepEqual(await page.getByRole("rowheader").allInnerTexts(), expected)
  );
}

async function openRule(page: Page): Promise<void> {
  await page.getByRole("link", { name: "app", exact: true }).click();
  await page.getByText("Compared").waitFor();
}

/** Holds the blobs of the source back until it is called. */
function holdBlobs({ source }: MirrorServer): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  source.fail({
    method: "GET",
    path: "/blobs/",
    times: Infinity,
    action: {
      tamper: async (response) => {
        await promise;
        return response;
      },
    },
  });
  return resolve;
}

/** The status of a rule with tags that nobody has to put. */
function statusOf(tags: readonly Partial<SyncStatus["rules"][number]["tags"][number]>[]): Response {
  const status: SyncStatus = {
    state: "behind",
    rules: [{
      rule: "app",
      state: "behind",
      tags: tags.map((tag) => ({ source: "", destination: "", state: "in-step", ...tag })),
      requests: { source: tags.length, destination: tags.length },
    }],
  };
  return Response.json(status);
}

function isStatus(request: Request): boolean {
  return request.method === "GET" && new URL(request.url).pathname === "/v1/syncs";
}

test("the mirrors show which rule failed and why, and the state of each of its tags", async () => {
  await using server = await startMorning();
  await using opened = await openView(server.url, "mirrors", { timeZone: "Europe/Berlin" });
  const { page } = opened;
  await page.getByText("1 of 2 rules failed.").waitFor();
  await expectText(page.getByRole("row").nth(1), /failed[^]*app[^]*this tag is immutable/);
  await expectText(page.getByRole("row").nth(2), /no run yet[^]*idle/);
  await openRule(page);
  for (
    const [tag, text] of [
      ["1.4", /failed[^]*this tag is immutable[^]*Hint: .*credential/],
      ["1.1", /behind[^]*Source\s+sha256:[^]*target\s+sha256:/],
      ["1.2", /missing[^]*does not have the tag/],
      ["1.3", /incomplete[^]*lacks 1 signature/],
      ["old", /surplus[^]*no longer selects it/],
      ["1.0", /in step/],
    ] as const
  ) {
    await expectText(rowOf(page, tag), text);
  }
  assert.equal(await page.evaluate("document.activeElement.id"), "main");
  const facts = await page.locator(".facts").innerText();
  assert.match(facts, /0 3 \* \* \* Asia\/Tokyo/);
  assert.match(facts, /\w+ 03:00 there, \w+ 19:00 in Europe\/Berlin/);
  assert.deepEqual(opened.messages, []);
});

for (const theme of ["light", "dark"] as const) {
  test(`the filled mirrors have no violation of axe-core in the ${theme} theme`, async () => {
    await using server = await startMorning();
    await using opened = await openView(server.url, "mirrors", { theme, width: 360 });
    const { page } = opened;
    await page.getByText("1 of 2 rules failed.").waitFor();
    await checkAccessibility(page);
    await openRule(page);
    await page.getByRole("button", { name: "Run now" }).click();
    await page.getByText("1 failure").waitFor();
    await checkAccessibility(page);
    assert.equal(await page.evaluate("document.documentElement.scrollWidth"), 360);
  });
}

test("a run of a rule shows its progress in any view, then its result", async () => {
  await using server = await startMirrorServer();
  await putImage(server.source, "app", { tag: "1.0" });
  const release = holdBlobs(server);
  await using opened = await openView(server.url, "mirrors");
  const { page } = opened;
  await page.getByRole("button", { name: "Run app" }).click();
  await page.getByRole("link", { name: "app", exact: true }).click();
  await page.getByRole("progressbar", { name: /mirror\/app:1\.0/ }).waitFor();
  await opened.show("runs");
  await page.getByRole("heading", { name: "Runs" }).waitFor();
  await opened.show("mirrors/app");
  const panel = page.getByRole("region", { name: "Run of app" });
  const dialog = page.waitForEvent("dialog");
  await page.close({ runBeforeUnload: true });
  assert.equal((await dialog).type(), "beforeunload");
  await (await dialog).dismiss();
  await expectText(panel, /running[^]*aborts the run when you close/);
  release();
  await panel.getByText("ended").waitFor();
  await expectText(panel, /1 copied · [\d.]+ KiB sent/);
  await expectText(rowOf(page, "1.0").last(), /in step/);
  assert.deepEqual(server.target.tags("mirror/app"), ["1.0"]);
  await page.getByRole("link", { name: /ago|now/ }).waitFor();
  assert.equal(server.requests.includes("GET /v1/syncs"), false, "the run knows all tags");
  await panel.getByRole("button", { name: "Close" }).click();
  await panel.waitFor({ state: "detached" });
  assert.equal(await page.evaluate("document.activeElement.id"), "main");
});

/** Starts a run, and waits until it copies. */
async function startRun(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Run now" }).click();
  await page.getByRole("progressbar").first().waitFor();
}

async function cancelRun(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByText("You cancelled it.").waitFor();
}

test("a run can be cancelled", async () => {
  await using server = await startMirrorServer();
  await putImage(server.source, "app", { tag: "1.0" });
  const release = holdBlobs(server);
  await using opened = await openView(server.url, "mirrors/app");
  const { page } = opened;
  await startRun(page);
  await cancelRun(page);
  release();
  await page.getByRole("link", { name: /ago|now/ }).click();
  await page.locator(".state", { hasText: "aborted" }).waitFor();
});

test("a cancelled run leaves the result of the run before, and is named beside it", async () => {
  await using server = await startMorning();
  await putImage(server.source, "app", { tag: "2.0", seed: 30 });
  await using opened = await openView(server.url, "mirrors");
  const { page } = opened;
  await openRule(page);
  await expectText(rowOf(page, "1.4"), /this tag is immutable/);
  const release = holdBlobs(server);
  await startRun(page);
  await cancelRun(page);
  release();
  await expectText(page.locator(".facts"), /aborted[^]*1 failed, 3 copied/);
  await page.reload();
  await expectText(rowOf(page, "1.4"), /this tag is immutable/);
  await opened.show("mirrors");
  await expectText(page.getByRole("row").nth(1), /^× failed[^]*aborted[^]*this tag is immutable/);
});

test("signing out asks, and aborts the runs that the page follows", async () => {
  await using server = await startMirrorServer();
  await putImage(server.source, "app", { tag: "1.0" });
  const release = holdBlobs(server);
  await using opened = await openView(server.url, "mirrors/app");
  const { page } = opened;
  await startRun(page);
  const signOut = page.getByRole("button", { name: "Sign out" });
  page.once("dialog", (dialog) => void dialog.dismiss());
  await signOut.click();
  await page.getByRole("progressbar").first().waitFor();
  page.once("dialog", (dialog) => void dialog.accept());
  await signOut.click();
  await page.getByLabel("Token").fill(COPY_TOKEN);
  release();
  await page.getByRole("button", { name: "Sign in" }).click();
  await expectText(page.locator(".facts"), /Last run\n.*aborted/);
  assert.equal(await page.getByRole("region").count(), 0, "the run is forgotten");
  assert.deepEqual(server.target.tags("mirror/app"), []);
});

test("the state of a rule is that of its tags once they are compared", async () => {
  await using server = await startMirrorServer({
    rules: (source, target) =>
      `sync: [{name: app, source: "${source}/app", target: "${target}/app", type: repository, digestTags: true}]`,
  });
  const { descriptor } = await putImage(server.source, "app", { tag: "1.0" });
  await runRules(server.url, { rules: ["app"] });
  await putCosignSignature(server.source, "app", descriptor.digest);
  await using opened = await openView(server.url, "mirrors");
  const { page } = opened;
  await page.getByRole("cell", { name: "last run ok" }).waitFor();
  await page.getByText("The last run of each rule had no failures.").waitFor();
  await page.getByRole("button", { name: "Compare all" }).click();
  await page.getByRole("cell", { name: "not in step" }).waitFor();
  await openRule(page);
  const state = page.locator(".row", { has: page.getByRole("heading", { level: 1 }) })
    .locator(".state");
  await expectText(state, /not in step/);
  await expectText(rowOf(page, "1.0"), /incomplete/);
  await page.getByRole("button", { name: "Run now" }).click();
  await expectText(state, /last run ok/);
  await page.getByRole("button", { name: "Compare again" }).click();
  await expectText(state, /✓ in step/);
});

test("a run of many tags shows its failures, and all results when asked", async () => {
  await using server = await startMorning();
  const { digest } = server.source.getManifest("app", "1.0") ?? {};
  for (let i = 0; i < 20; i++) server.source.setTag("app", `v${i}`, digest as `sha256:${string}`);
  await using opened = await openView(server.url, "mirrors");
  const { page } = opened;
  await openRule(page);
  await page.getByRole("button", { name: "Run now" }).click();
  const panel = page.getByRole("region", { name: "Run of app" });
  await panel.getByText("1 failure").waitFor();
  assert.deepEqual(await panel.getByRole("rowheader").allInnerTexts(), ["1.4"]);
  await panel.getByRole("button", { name: "Show all 27 results" }).click();
  assert.equal(await panel.getByRole("rowheader").count(), 27);
});

test("a preview writes nothing", async () => {
  await using server = await startMorning();
  await using opened = await openView(server.url, "mirrors");
  const { page } = opened;
  await openRule(page);
  const before = server.target.requests.length;
  await page.getByRole("button", { name: "Preview" }).click();
  await page.getByText("A preview writes nothing.").waitFor();
  const panel = page.getByRole("region", { name: "Preview of app" });
  await expectText(panel, /5 would copy, 1 would delete, 1 unchanged/);
  const methods = new Set(server.target.requests.slice(before).map(({ method }) => method));
  assert.deepEqual([...methods].filter((method) => !/^(GET|HEAD)$/.test(method)), []);
  server.target.clearFaults();
});

test("a run of only one tag leaves the others", async () => {
  await using server = await startMorning();
  await using opened = await openView(server.url, "mirrors");
  const { page } = opened;
  await openRule(page);
  await page.getByRole("button", { name: /^Run only .*:1\.2$/ }).click();
  await page.getByRole("region", { name: /only/ }).getByText("ended").waitFor();
  await expectText(rowOf(page, "1.2").last(), /in step/);
  await expectText(rowOf(page, "1.1"), /behind/);
  assert.equal(server.target.tags("mirror/app").includes("1.2"), true);
  await page.locator(".facts").getByText(/Only .*:1\.2/).waitFor();
});

test("a failing tag can be run again when the cause is gone", async () => {
  await using server = await startMorning();
  await using opened = await openView(server.url, "mirrors");
  const { page } = opened;
  await openRule(page);
  server.target.clearFaults();
  await page.getByRole("button", { name: /^Run only .*:1\.4$/ }).click();
  await page.getByRole("region", { name: /only/ }).getByText("ended").waitFor();
  await expectText(rowOf(page, "1.4").last(), /in step/);
});

test("tags are filtered by state and text, and a reload keeps the filter", async () => {
  await using server = await startMorning();
  await using opened = await openView(server.url, "mirrors");
  const { page } = opened;
  await openRule(page);
  await page.getByRole("button", { name: "behind 1" }).click();
  await expectHeaders(page, ["1.1"]);
  await page.getByRole("button", { name: "All" }).click();
  await page.getByRole("searchbox", { name: "Find tags by text" }).fill("IMMUTABLE");
  await expectHeaders(page, ["1.4"]);
  assert.match(page.url(), /text=IMMUTABLE/);
  await page.reload();
  await page.getByText("Compared").waitFor();
  await expectHeaders(page, ["1.4"]);
});

test("5,000 tags are shown by 100, and found by text", async () => {
  await using server = await startMirrorServer();
  const tags = Array.from(
    { length: 5000 },
    (_, i) => ({ destination: `t/app:${i}`, source: `s/app:${i}` }),
  );
  server.intercept = (request) => isStatus(request) ? statusOf(tags) : undefined;
  await using opened = await openView(server.url, "mirrors/app");
  const { page } = opened;
  await page.getByText("1 to 100 of 5,000 tags").waitFor();
  assert.equal(await page.getByRole("rowheader").count(), 100);
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByText("101 to 200 of 5,000 tags").waitFor();
  assert.equal(await page.getByRole("rowheader").count(), 100);
  await page.getByRole("searchbox").fill("app:4999");
  await page.getByText("4999").first().waitFor();
  assert.equal(await page.getByRole("rowheader").count(), 1);
});

test("a rule with many tags is compared only when asked", async () => {
  await using server = await startMirrorServer();
  const counts = { copied: 5000 };
  const last = {
    id: "1",
    by: "start",
    rule: "app",
    state: "ok",
    startedAt: 1,
    durationMs: 1,
    counts,
  };
  server.intercept = (request) => {
    if (isStatus(request)) return statusOf([{ source: "s/app:1", destination: "t/app:1" }]);
    if (!request.url.endsWith("/v1/rules")) return undefined;
    const rule = {
      rule: "app",
      type: "repository",
      source: "s/app",
      targets: ["t/app"],
      prune: false,
    };
    return Response.json({ rules: [{ ...rule, last }], history: { kept: "memory", note: "all" } });
  };
  await using opened = await openView(server.url, "mirrors/app");
  const { page } = opened;
  await page.getByRole("button", { name: "Compare" }).waitFor();
  assert.equal(server.requests.includes("GET /v1/syncs"), false);
  await page.getByRole("button", { name: "Compare" }).click();
  await page.getByText("Compared").waitFor();
});

test("a read token sees the mirrors, but no button that runs them", async () => {
  await using server = await startMorning();
  await using opened = await openView(server.url, "mirrors", { token: READ_TOKEN });
  const { page } = opened;
  await openRule(page);
  assert.equal(await page.getByText("Your token may only read").count(), 1);
  assert.equal(await page.getByRole("button", { name: /Run|Preview/ }).count(), 0);
  await expectText(rowOf(page, "1.4"), /failed/);
});

test("a lost connection keeps what arrived, and the run can be started again", async () => {
  await using server = await startMirrorServer();
  await putImage(server.source, "app", { tag: "1.0" });
  const tag = { source: "s/app:0.9", destination: "t/app:0.9", result: "copied" };
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
  server.intercept = (request) => {
    if (request.method !== "POST") return undefined;
    const lines = new ReadableStream<Uint8Array>({
      start(controller): void {
        stopped.then(() => controller.error(new Error("the server was stopped")));
        controller.enqueue(
          new TextEncoder().encode(`${JSON.stringify({ type: "tag-ended", rule: "app", tag })}\n`),
        );
      },
    });
    return new Response(lines);
  };
  await using opened = await openView(server.url, "mirrors/app");
  const { page } = opened;
  await page.getByRole("button", { name: "Run now" }).click();
  const panel = page.getByRole("region", { name: "Run of app" });
  await panel.getByRole("rowheader", { name: "0.9" }).waitFor();
  stop();
  await panel.locator(".state", { hasText: "connection lost" }).waitFor();
  await expectText(panel, /arrived before are below[^]*s\/app:0\.9/);
  server.intercept = undefined;
  await panel.getByRole("button", { name: "Run again" }).click();
  await panel.getByText("ended").waitFor();
  assert.deepEqual(server.target.tags("mirror/app"), ["1.0"]);
});

test("markup in names and messages stays text", async () => {
  const markup = `<img src="x" onerror="document.title='run'">`;
  await using server = await startMirrorServer();
  const error = { code: "registry", message: markup, hint: markup } as const;
  server.intercept = (request) =>
    isStatus(request)
      ? statusOf([{
        source: markup,
        destination: `${markup}${"x".repeat(2000)}`,
        state: "error",
        error,
      }])
      : undefined;
  await using opened = await openView(server.url, "mirrors/app", { width: 360 });
  const { page } = opened;
  await page.getByText(`Hint: ${markup}`).waitFor();
  assert.equal(await page.locator("main img").count(), 0);
  assert.match(await page.title(), /crossdock/);
  assert.equal(await page.evaluate("document.documentElement.scrollWidth"), 360);
});

test("a very long name is no wider than the page", async () => {
  const name = "a".repeat(255);
  await using server = await startMirrorServer({
    rules: (source, target) =>
      `sync:\n- {name: ${name}, source: ${source}/${name}, target: ${target}/app, type: repository}\n`,
  });
  await runRules(server.url, { rules: [name] });
  for (const width of [360, 1440]) {
    await using opened = await openView(server.url, "mirrors", { width });
    const { page } = opened;
    const widths: unknown[] = [];
    for (const view of ["mirrors", `mirrors/${name}`, "runs"]) {
      await opened.show(view);
      await page.getByRole("rowheader").first().waitFor();
      widths.push(await page.evaluate("document.documentElement.scrollWidth"));
    }
    await page.getByRole("link", { name }).click();
    await page.getByRole("heading", { name: "Results" }).waitFor();
    widths.push(await page.evaluate("document.documentElement.scrollWidth"));
    assert.deepEqual(widths, [width, width, width, width]);
  }
});

test("a server without rules shows how to add one", async () => {
  await using server = await startMirrorServer({ variables: { CROSSDOCK_CONFIG: "" } });
  await using opened = await openView(server.url, "mirrors");
  await opened.page.getByRole("heading", { name: "This server has no rules" }).waitFor();
  assert.match(await opened.page.locator("pre").innerText(), /^sync:/);
  await checkAccessibility(opened.page);
});

test("a rule that is removed while it is open is said to be gone", async () => {
  await using server = await startMirrorServer();
  await using opened = await openView(server.url, "mirrors/app");
  const { page } = opened;
  await page.getByText("Compared").waitFor();
  server.intercept = (request) =>
    request.url.endsWith("/v1/rules")
      ? Response.json({ rules: [], history: { kept: "memory", note: "all" } })
      : undefined;
  await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
  await page.getByRole("heading", { name: "There is no such rule" }).waitFor();
});

test("a postponed tag has its time, and the rule the remaining pulls of its source", async () => {
  await using server = await startMirrorServer();
  await putImage(server.source, "app", { tag: "1.0" });
  await putImage(server.source, "app", { tag: "1.1", seed: 2 });
  const times = Infinity;
  server.source.fail({
    path: "/manifests/1.0",
    times,
    action: {
      tamper: (response) => {
        response.headers.set("ratelimit-limit", "100;w=21600");
        response.headers.set("ratelimit-remaining", "7;w=21600");
        return response;
      },
    },
  });
  const action = { status: 429, headers: { "retry-after": "3000" } };
  server.source.fail({ path: "/manifests/1.1", times, action });
  await runRules(server.url, { rules: ["app"] });
  await using opened = await openView(server.url, "mirrors");
  const { page } = opened;
  await page.getByRole("row", { name: /postponed/ }).waitFor();
  await openRule(page);
  await expectText(rowOf(page, "1.1"), /postponed[^]*can be copied in \d+ minutes/);
  await expectText(page.locator(".facts"), /7 of 100 pulls left per 6 h /);
});

test("a host with Workflows runs a rule in the background", async () => {
  await using server = await startMirrorServer();
  let body: unknown;
  const preferences: (string | null)[] = [];
  server.intercept = async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/v1/setup") {
      const host = { name: "workerd", memory: "isolate", durableCopies: true, durableRules: true };
      return Response.json({ version: "1.0.0", open: true, host });
    }
    if (request.method !== "POST") return undefined as unknown as Response;
    preferences.push(request.headers.get("prefer"));
    body = await request.json();
    return Response.json({ rules: [{ rule: "app", id: "app-1" }] }, { status: 202 });
  };
  await using opened = await openView(server.url, "mirrors");
  await opened.page.getByRole("button", { name: "Run app" }).click();
  await opened.page.getByText("Started in the background: app-1").waitFor();
  assert.deepEqual([preferences, body], [["respond-async"], { rules: ["app"] }]);
});

test("a rule whose run failed stays failed when a comparison finds tags missing", async () => {
  await using server = await startMirrorServer();
  await putImage(server.source, "app", { tag: "1.0" });
  server.target.fail({ method: "PUT", path: "/manifests/", action: { status: 403 } });
  await runRules(server.url, { rules: ["app"] });
  await using opened = await openView(server.url, "mirrors");
  const { page } = opened;
  await page.getByRole("button", { name: "Compare all" }).click();
  await expectText(page.getByRole("row").nth(1), /^× failed[^]*Compared: 1 missing/);
  await page.getByRole("button", { name: "Run app" }).click();
  await expectText(page.getByRole("row").nth(1), /^✓ last run ok/);
  assert.equal(
    await page.getByText("Compared:").count(),
    0,
    "the comparison is older than the run",
  );
});

test("all rules are compared when asked", async () => {
  await using server = await startMorning();
  await putImage(server.source, "idle", { tag: "1" });
  await using opened = await openView(server.url, "mirrors");
  const { page } = opened;
  await page.getByRole("button", { name: "Compare all" }).click();
  await page.getByText("1 of 8 tags are in step.").waitFor();
  await expectText(page.getByRole("row").nth(2), /Compared: 1 missing/);
});

test("rules that cannot be loaded are a problem, and can be loaded again", async () => {
  await using server = await startMirrorServer();
  server.intercept = (request) =>
    request.url.endsWith("/v1/rules") ? new Response("bad gateway", { status: 502 }) : undefined;
  await using opened = await openView(server.url, "mirrors");
  const { page } = opened;
  await page.getByText(/HTTP 502 from/).waitFor();
  server.intercept = undefined;
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("rowheader", { name: "app" }).waitFor();
  await page.getByRole("alert").waitFor({ state: "detached" });
});

test("the tags are merged from the last run and a newer comparison", async () => {
  await using server = await startMirrorServer();
  const error = { code: "denied", message: "push denied", hint: "give a credential" };
  const at = (tag: string): { source: string; destination: string } => ({
    source: `s/app:${tag}`,
    destination: `t/app:${tag}`,
  });
  const last = { id: "1", by: "start", rule: "app", state: "some-failed", startedAt: 1 };
  const record = {
    ...last,
    durationMs: 1,
    request: {},
    tags: [
      { ...at("failed"), result: "failed", error },
      { ...at("fixed"), result: "failed", error },
      { ...at("kept"), result: "skipped" },
      { ...at("fresh"), result: "too-fresh" },
      { ...at("gone"), result: "copied" },
    ],
    pruned: [{ destination: "t/app:undeletable", result: "failed", error }],
    warnings: [],
    truncated: false,
  };
  const referrerState = {
    kinds: [{ kind: "sbom", expected: 2, missing: 2, unavailable: 1 }],
    isPartial: true,
  };
  const status = {
    rule: "app",
    state: "error",
    tags: [
      { ...at("failed"), state: "behind", digest: "sha256:1", current: "sha256:2" },
      { ...at("fixed"), state: "in-step" },
      { ...at("kept"), state: "behind" },
      { ...at("absent"), state: "not-found" },
      { ...at("signed"), state: "incomplete", referrerState },
      { ...at("broken"), state: "error", error: { code: "network", message: "refused" } },
    ],
    pruned: [
      { destination: "t/app:undeletable", result: "would-delete" },
      { destination: "t/app:held", result: "held-back" },
    ],
    warnings: ["the list of referrers is incomplete"],
    requests: { source: 1, destination: 1 },
  };
  const rule = {
    rule: "app",
    type: "repository",
    source: "s/app",
    targets: ["t/app"],
    prune: true,
  };
  server.intercept = (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/v1/runs/1") return Response.json(record);
    if (pathname === "/v1/syncs") return Response.json({ state: "error", rules: [status] });
    if (pathname !== "/v1/rules") return undefined;
    return Response.json({ rules: [{ ...rule, last }], history: { kept: "memory", note: "all" } });
  };
  await using opened = await openView(server.url, "mirrors/app");
  const { page } = opened;
  await page.getByText("Compared").waitFor();
  await rowOf(page, "fresh").waitFor();
  for (
    const [tag, text] of [
      [
        "failed",
        /failed[^]*push denied[^]*Hint: give a credential[^]*in which it failed[^]*Source/,
      ],
      ["broken", /failed[^]*refused/],
      ["undeletable", /failed[^]*push denied/],
      ["signed", /incomplete[^]*2 SBOMs \(1 not at the source either\)[^]*did not list all/],
      ["absent", /not at the source[^]*the source does not have it/],
      ["held", /surplus[^]*prune\.maxShare/],
      ["kept", /skipped[^]*keeps what the target has/],
      ["fresh", /too fresh[^]*minAge/],
      ["fixed", /in step/],
    ] as const
  ) {
    await expectText(rowOf(page, tag), text);
  }
  assert.equal(await rowOf(page, "gone").count(), 0);
  await page.getByText("Warning: the list of referrers is incomplete").waitFor();
});
