/** The page of the real server on each host. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startHandler } from "../handler/start_handler.ts";
import { startCrossdock } from "../workers/support.ts";
import { openView, VIEWS } from "./browser.ts";
import { COPY_TOKEN } from "./mirror_server.ts";

const NAMES = {
  "deno": "Deno",
  "deno-run": "Deno",
  "node": "Node",
  "bun": "Bun",
  "workerd": "Cloudflare Workers",
} as const;

for (const host of Object.keys(NAMES) as (keyof typeof NAMES)[]) {
  test(`the page loads, signs in and shows its views on ${host}`, async () => {
    const variables = { CROSSDOCK_TOKENS: JSON.stringify({ admin: COPY_TOKEN }) };
    await using server = await startHandler(variables, host);
    await using opened = await openView(server.url, "mirrors", { token: undefined });
    const { page, messages } = opened;
    await page.getByLabel("Token").fill(COPY_TOKEN);
    await page.getByRole("button", { name: "Sign in" }).click();
    for (const name of Object.values(VIEWS)) {
      await page.getByRole("navigation", { name: "Views" }).getByRole("link", { name }).click();
      await page.getByRole("heading", { level: 1, name }).waitFor();
    }
    const footer = await page.getByRole("contentinfo").innerText();
    assert.ok(footer.endsWith(`on ${NAMES[host]}`), footer);
    assert.deepEqual(messages, []);
  });
}

test("the page of a Worker shows what is wrong with its configuration", async () => {
  await using worker = await startCrossdock({ variables: { CROSSDOCK_RETRIES: "many" } });
  await using opened = await openView(worker.url.replace(/\/$/, ""), "mirrors", {
    token: undefined,
  });
  await opened.page.getByText("The configuration is invalid").waitFor();
  await opened.page.getByText("CROSSDOCK_RETRIES: expected a whole number").waitFor();
  assert.deepEqual(opened.messages, []);
});
