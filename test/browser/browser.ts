/** Opens the page in a browser, and checks it there. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";
import { launchChromium, TIMEOUT_MS } from "./launch_chromium.ts";
import { COPY_TOKEN } from "./mirror_server.ts";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** The views by their routes, with their headings. */
export const VIEWS = {
  mirrors: "Mirrors",
  runs: "Runs",
  copy: "Copy",
  inspect: "Inspect",
  setup: "Set-up",
} as const;

export interface OpenOptions {
  /** The token in the session of the tab. `undefined` for none. Default: {@linkcode COPY_TOKEN}. */
  readonly token?: string | undefined;
  readonly theme?: "light" | "dark";
  /** Default 1280 */
  readonly width?: number;
  readonly timeZone?: string;
  /** More options of the browser's context. */
  readonly context?: BrowserContextOptions;
  /** A script that runs before those of the page. */
  readonly script?: string;
}

export interface OpenPage extends AsyncDisposable {
  readonly page: Page;
  /** Errors on the console, uncaught errors, and what a policy has blocked. Failed HTTP calls are not in it. */
  readonly messages: readonly string[];
  /** Opens a view in the same tab: `runs?rule=app`. */
  show(route: string): Promise<void>;
}

/** One for all tests of a file: its start takes longer than most of them. */
let browser: Promise<Browser> | undefined;
after(async () => await (await browser)?.close());

/** Opens a view of the page, for example `mirrors`, in a session of its own. */
export async function openView(
  url: string,
  route: string,
  options: OpenOptions = {},
): Promise<OpenPage> {
  const token = "token" in options ? options.token : COPY_TOKEN;
  return await openUrl(`${url}/#/${route}`, {
    ...options,
    script: (token === undefined ? "" : keepToken(token)) + (options.script ?? ""),
  });
}

/** Opens a document, in a session of its own. */
export async function openUrl(
  url: string,
  { theme = "light", width = 1280, timeZone, context: more, script }: OpenOptions = {},
): Promise<OpenPage> {
  await using started = new AsyncDisposableStack();
  const context = await (await (browser ??= launchChromium())).newContext({
    colorScheme: theme,
    viewport: { width, height: 900 },
    reducedMotion: "reduce",
    locale: "en-GB",
    ...(timeZone ? { timezoneId: timeZone } : {}),
    ...more,
  });
  started.defer(() => context.close());
  context.setDefaultTimeout(TIMEOUT_MS);
  if (script) await context.addInitScript(script);
  const page = await context.newPage();
  const messages: string[] = [];
  page.on("console", (message) => {
    const isFailedCall = /^Failed to load resource/.test(message.text());
    if (message.type() === "error" && !isFailedCall) messages.push(message.text());
  });
  page.on("pageerror", (error) => messages.push(String(error)));
  await page.goto(url);
  const kept = started.move();
  return {
    page,
    messages,
    async show(route): Promise<void> {
      // The page renders the view when the browser has sent it the event.
      await page.evaluate((hash) =>
        new Promise<void>((resolve) => {
          const before = location.href;
          addEventListener("hashchange", () => resolve(), { once: true });
          location.hash = hash;
          if (location.href === before) resolve();
        }), `#/${route}`);
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Waits until a view, which a heading names, has loaded its data. */
export async function waitForView(page: Page, name: string): Promise<void> {
  await page.getByRole("heading", { level: 1, name, exact: true }).waitFor();
  await page.locator(".loading").first().waitFor({ state: "detached" });
}

/**
 * Repeats a check until it passes, for what a page shows only after a further response or frame.
 *
 * @throws the last failure of the check
 */
export async function eventually(check: () => Promise<void>): Promise<void> {
  for (const end = performance.now() + TIMEOUT_MS;; await delay(20)) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > end) throw error;
    }
  }
}

/** Waits until the text of an element matches. */
export async function expectText(element: Locator, pattern: RegExp): Promise<void> {
  await eventually(async () => assert.match(await element.innerText(), pattern));
}

/** Only once for a tab, so that a test sees what the page does with the token. */
function keepToken(token: string): string {
  return `if (!sessionStorage.getItem("test")) {
    sessionStorage.setItem("test", "set");
    sessionStorage.setItem("crossdock token " + location.pathname, ${JSON.stringify(token)});
  }`;
}

/** Checks the page with axe-core, by the rules of WCAG 2.2 AA and the best practices of axe. */
export async function checkAccessibility(page: Page): Promise<void> {
  // The page's policy blocks scripts of tests, but not those of the debugger.
  await page.evaluate(AXE);
  const violations = await page.evaluate(async () => {
    // deno-lint-ignore no-explicit-any
    const { axe } = globalThis as any;
    const { violations } = await axe.run();
    // deno-lint-ignore no-explicit-any
    return violations.map(({ id, nodes }: any) => ({
      id,
      // deno-lint-ignore no-explicit-any
      nodes: nodes.map(({ html, failureSummary }: any) => `${html}\n${failureSummary}`),
    }));
  });
  assert.deepEqual(violations, []);
}
