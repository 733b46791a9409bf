import assert from "node:assert/strict";
import { test } from "node:test";
import { checkAccessibility, openView, VIEWS, waitForView } from "./browser.ts";
import { COPY_TOKEN, READ_TOKEN, startMirrorServer } from "./mirror_server.ts";

for (const theme of ["light", "dark"] as const) {
  test(`the page has no violation of axe-core in the ${theme} theme`, async () => {
    await using server = await startMirrorServer();
    await using opened = await openView(server.url, "mirrors", { theme });
    for (const [view, name] of Object.entries(VIEWS)) {
      await opened.show(view);
      await waitForView(opened.page, name);
      await checkAccessibility(opened.page);
    }
    assert.deepEqual(opened.messages, []);
  });
}

test("the page asks for a token, says that one is wrong, and keeps the right one for the tab", async () => {
  await using server = await startMirrorServer();
  await using opened = await openView(server.url, "mirrors", { token: undefined });
  const { page } = opened;
  await page.getByLabel("Token").fill("a-token-that-is-wrong");
  await checkAccessibility(page);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("The server rejected the token").waitFor();
  assert.equal(await page.getByRole("navigation").count(), 0, "nothing is visible without a token");
  await page.waitForFunction("document.activeElement.id === 'token'");
  await page.getByLabel("Token").fill(COPY_TOKEN);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("navigation", { name: "Views" }).waitFor();
  await page.reload();
  await page.getByRole("navigation", { name: "Views" }).waitFor();
  assert.match(await page.locator(".who").innerText(), /admin/);
  assert.equal(await page.evaluate("document.cookie"), "");
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("Token").waitFor();
  assert.equal(await page.getByRole("navigation").count(), 0);
  assert.deepEqual(opened.messages, []);
});

test("the page says that a token may only read", async () => {
  await using server = await startMirrorServer();
  await using opened = await openView(server.url, "mirrors", { token: READ_TOKEN });
  await opened.page.getByText("viewer").waitFor();
  assert.match(await opened.page.locator(".who").innerText(), /read/);
});

test("the page of an open server asks for no token", async () => {
  const variables = { CROSSDOCK_TOKENS: "", CROSSDOCK_OPEN: "true" };
  await using server = await startMirrorServer({ variables });
  await using opened = await openView(server.url, "mirrors", { token: undefined });
  await opened.page.getByRole("navigation", { name: "Views" }).waitFor();
  assert.equal(await opened.page.getByRole("button", { name: "Sign out" }).count(), 0);
});
