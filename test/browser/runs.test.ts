import assert from "node:assert/strict";
import { test } from "node:test";
import { putImage } from "../support/image.ts";
import { checkAccessibility, openView } from "./browser.ts";
import { COPY_TOKEN, READ_TOKEN, startMirrorServer } from "./mirror_server.ts";
import { runRules, startMorning } from "./morning.ts";

for (const theme of ["light", "dark"] as const) {
  test(`the filled runs have no violation of axe-core in the ${theme} theme`, async () => {
    await using server = await startMorning();
    await using opened = await openView(server.url, "runs", { theme, width: 360 });
    const { page } = opened;
    await page.getByRole("rowheader", { name: "app" }).waitFor();
    await checkAccessibility(page);
    await page.getByRole("link", { name: "app" }).click();
    await page.getByRole("heading", { name: "Results" }).waitFor();
    await checkAccessibility(page);
    assert.equal(await page.evaluate("document.documentElement.scrollWidth"), 360);
    assert.deepEqual(opened.messages, []);
  });
}

test("the runs have their cause, results, duration, bytes and requests", async () => {
  await using server = await startMorning();
  await using opened = await openView(server.url, "runs");
  const row = opened.page.getByRole("row").nth(1);
  await row.waitFor();
  assert.match(
    await row.innerText(),
    /some failed\s+app\s+.*\s+by a call with the token admin\s+1 failed, 3 copied[^]*immutable[^]*s\s+6\.6 KiB\s+\d+/,
  );
  assert.match(await opened.page.locator("main").innerText(), /The history has the last 1000 runs/);
});

test("the runs are filtered by rule and state, and older ones are on further pages", async () => {
  await using server = await startMorning();
  for (let i = 0; i < 51; i++) await runRules(server.url, { rules: ["idle"] });
  await using opened = await openView(server.url, "runs");
  const { page } = opened;
  const headers = page.getByRole("rowheader");
  await headers.first().waitFor();
  assert.equal(await headers.count(), 50);
  await page.getByRole("link", { name: "Older runs" }).click();
  await headers.filter({ hasText: "app" }).waitFor();
  assert.deepEqual(await headers.allInnerTexts(), ["idle", "app"]);
  await page.getByLabel("Rule").selectOption("app");
  await headers.filter({ hasText: "idle" }).first().waitFor({ state: "detached" });
  await headers.first().waitFor();
  assert.deepEqual(await headers.allInnerTexts(), ["app"]);
  assert.match(page.url(), /#\/runs\?rule=app$/);
  await page.getByLabel("State").selectOption("ok");
  await page.getByRole("heading", { name: "No run on this page matches" }).waitFor();
  assert.equal(await headers.count(), 0);
});

test("a run has its failures first, with the hint, and retries only them when the cause is gone", async () => {
  await using server = await startMorning();
  await using opened = await openView(server.url, "runs");
  const { page } = opened;
  await page.getByRole("link", { name: "app" }).click();
  const table = page.getByRole("table", { name: "Results of the run" });
  await table.waitFor();
  const [, first = "", second = ""] = await table.getByRole("row").allInnerTexts();
  assert.match(first, /failed[^]*app:1\.4[^]*immutable[^]*Hint:/);
  assert.match(
    second,
    /copied[^]*app:1\.0[^]*3 blobs sent \(2\.2 KiB\) · 1 manifest · \d+ requests/,
  );
  await page.getByRole("button", { name: "copied 3" }).click();
  assert.equal(await table.getByRole("rowheader").count(), 3);
  server.target.clearFaults();
  const before = server.target.tags("mirror/app");
  await page.getByRole("button", { name: "Retry 1 failed tag" }).click();
  const panel = page.getByRole("region", { name: "Retry of 1 failed tag of app" });
  await panel.getByText("ended").waitFor();
  assert.match(await panel.innerText(), /1 copied/);
  const after = server.target.tags("mirror/app");
  assert.deepEqual(after.filter((tag) => !before.includes(tag)), ["1.4"]);
  await page.getByRole("link", { name: "All runs" }).click();
  await page.getByRole("rowheader", { name: /only .*app:1\.4/ }).waitFor();
});

test("a run of a rule is run again as a whole", async () => {
  await using server = await startMorning();
  await using opened = await openView(server.url, "runs");
  const { page } = opened;
  await page.getByRole("link", { name: "app" }).click();
  server.target.clearFaults();
  await page.getByRole("button", { name: "Run again" }).click();
  const panel = page.getByRole("region", { name: "Retry of app" });
  await panel.getByText("ended").waitFor();
  assert.match(await panel.innerText(), /5 copied, 1 deleted, 1 unchanged/);
});

test("a copy is shown and run again", async () => {
  await using server = await startMirrorServer();
  await putImage(server.source, "tool", { tag: "1" });
  const body = {
    source: `${server.source.host}/tool:1`,
    destination: `${server.target.host}/tool:1`,
  };
  const response = await fetch(`${server.url}/v1/copies`, {
    method: "POST",
    headers: { authorization: `Bearer ${COPY_TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  await response.text();
  server.target.deleteTag("tool", "1");
  await using opened = await openView(server.url, "runs");
  const { page } = opened;
  await page.getByRole("link", { name: /Copy of .*tool:1 to/ }).click();
  await page.getByRole("button", { name: "Run again" }).click();
  const panel = page.getByRole("region", { name: /Retry of/ });
  await panel.getByText("ended").waitFor();
  assert.match(await panel.innerText(), /1 copied/);
  assert.deepEqual(server.target.tags("tool"), ["1"]);
});

test("a run that the admission policy rejects leads to the reasons", async () => {
  await using server = await startMirrorServer({
    rules: (source, target) =>
      `sync: [{name: app, source: "${source}/app", target: "${target}/app", type: repository}]\n` +
      `admission: [{images: "**", default: reject}]\n`,
  });
  await putImage(server.source, "app", { tag: "1" });
  await runRules(server.url, { rules: ["app"] });
  await using opened = await openView(server.url, "runs");
  const { page } = opened;
  await page.getByRole("link", { name: "app" }).click();
  await page.getByRole("link", { name: "Show each reason" }).click();
  await page.getByRole("heading", { name: "Admission policy" }).waitFor();
  await page.locator(".state", { hasText: "rejected" }).waitFor();
});

test("a read token sees a run, but no button that retries it", async () => {
  await using server = await startMorning();
  await using opened = await openView(server.url, "runs", { token: READ_TOKEN });
  const { page } = opened;
  await page.getByRole("link", { name: "app" }).click();
  await page.getByText("Your token may only read").waitFor();
  assert.equal(await page.getByRole("button", { name: /Retry|again/ }).count(), 0);
});

test("the runs say that a host keeps none", async () => {
  await using server = await startMirrorServer({ keepsHistory: false });
  await using opened = await openView(server.url, "runs");
  await opened.page.getByText("Runs are not kept here.").waitFor();
  assert.match(await opened.page.locator("main").innerText(), /a KV namespace/);
  await opened.show("mirrors");
  await opened.page.getByText(/The history has nothing/).waitFor();
});

test("a run that is not in the history is a problem with its hint", async () => {
  await using server = await startMirrorServer();
  await using opened = await openView(server.url, "runs/0mfizhs9c-5f3a9c1e");
  await opened.page.getByRole("alert").waitFor();
  assert.match(await opened.page.getByRole("alert").innerText(), /not found[^]*the history has/);
});
