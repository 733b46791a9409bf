/**
 * Takes the pictures of the page for README and docs from the server of `deno task demo --serve`: `deno task page:pictures`. It also
 * takes each view at three widths in both themes, into .cache/pictures, to look at.
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { startDemoServer } from "../../examples/demo_server.ts";
import { checkWidth } from "./check_width.ts";
import { launchChromium } from "./launch_chromium.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PICTURES = join(ROOT, "docs/pictures");
const VIEWS = join(ROOT, ".cache/pictures");

const THEMES = ["light", "dark"] as const;
const WIDTHS = [360, 800, 1440];

/** Pictures are in the repository. */
const MAX_BYTES = 120_000;

const SIGNED = "vendor.example/team/app:1.1";
const COPY = new URLSearchParams({
  source: "hub.example/library/nginx:stable",
  destination: "mirror.example/hub/nginx:stable",
});

interface Shot {
  readonly name: string;
  readonly route: string;
  /** Waits for what the picture shows, after clicks if it needs some. */
  readonly prepare: (page: Page) => Promise<void>;
  /** Whether README or docs show it. Default: false. */
  readonly isPicture?: boolean;
}

const SHOTS: readonly Shot[] = [
  {
    name: "mirrors",
    route: "mirrors",
    isPicture: true,
    prepare: async (page) => await page.getByRole("rowheader").nth(5).waitFor(),
  },
  {
    name: "rule",
    route: "mirrors/app",
    isPicture: true,
    prepare: async (page) => {
      await page.getByRole("heading", { level: 1, name: "app" }).waitFor();
      await page.getByText("Compared").first().waitFor();
    },
  },
  {
    name: "runs",
    route: "runs",
    isPicture: true,
    prepare: async (page) => await page.getByRole("row").nth(5).waitFor(),
  },
  {
    name: "run",
    route: "runs?state=all-failed",
    prepare: async (page) => {
      await page.getByRole("row").nth(1).getByRole("link").first().click();
      await page.getByText("DENIED").or(page.getByText("UNAUTHORIZED")).first().waitFor();
    },
  },
  {
    name: "plan",
    route: `copy?${COPY}`,
    isPicture: true,
    prepare: async (page) => {
      await page.getByRole("button", { name: "Plan", exact: true }).click();
      await page.getByRole("list", { name: "What the copy does" }).waitFor();
    },
  },
  {
    name: "inspect",
    route: `inspect?${new URLSearchParams({ reference: SIGNED })}`,
    isPicture: true,
    prepare: async (page) => {
      await page.getByRole("heading", { name: /^Layers of/ }).waitFor();
    },
  },
  {
    name: "setup",
    route: "setup",
    prepare: async (page) => await page.getByText("vendor.example").first().waitFor(),
  },
];

async function open(
  browser: Browser,
  { url, token }: { readonly url: string; readonly token: string | undefined },
  look: { readonly theme: "light" | "dark"; readonly width: number; readonly scale: number },
): Promise<Page> {
  const context = await browser.newContext({
    colorScheme: look.theme,
    viewport: { width: look.width, height: 760 },
    deviceScaleFactor: look.scale,
    reducedMotion: "reduce",
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
  });
  if (token) {
    await context.addInitScript(
      `sessionStorage.setItem("crossdock token " + location.pathname, ${JSON.stringify(token)})`,
    );
  }
  const page = await context.newPage();
  await page.goto(`${url}/`);
  return page;
}

async function show(page: Page, { name, route, prepare }: Shot): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(`#/${route}`)}`);
  try {
    await page.getByRole("heading", { level: 1 }).first().waitFor();
    await prepare(page);
    await page.locator(".loading").first().waitFor({ state: "detached" });
  } catch (cause) {
    await page.screenshot({ path: join(VIEWS, `${name}-failed.png`) });
    throw new Error(`${name} does not show what is expected: see .cache/pictures`, { cause });
  }
  // Nothing has the focus or is under the pointer.
  await page.evaluate("document.activeElement?.blur()");
  await page.mouse.move(0, 0);
}

/** playwright-core has no WebP, the browser has. */
async function takePicture(page: Page, path: string): Promise<number> {
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send("Page.captureScreenshot", { format: "webp", quality: 82 });
  const bytes = Buffer.from(data, "base64");
  await writeFile(path, bytes);
  return bytes.length;
}

await mkdir(PICTURES, { recursive: true });
await mkdir(VIEWS, { recursive: true });
await using demo = await startDemoServer();
const browser = await launchChromium();
try {
  for (const theme of THEMES) {
    const page = await open(browser, demo, { theme, width: 1100, scale: 1.5 });
    for (const shot of SHOTS.filter(({ isPicture }) => isPicture)) {
      await show(page, shot);
      const file = `page-${shot.name}-${theme}.webp`;
      const size = await takePicture(page, join(PICTURES, file));
      process.stdout.write(`docs/pictures/${file}: ${Math.round(size / 1000)} kB\n`);
      assert.ok(size < MAX_BYTES, `${file} has more than ${MAX_BYTES} bytes`);
    }
    await page.context().close();
    for (const width of WIDTHS) {
      const look = { theme, width, scale: 1 };
      const page = await open(browser, demo, look);
      for (const shot of SHOTS) {
        await show(page, shot);
        const path = join(VIEWS, `${shot.name}-${theme}-${width}.png`);
        await page.screenshot({ path, fullPage: true });
        await checkWidth(page);
      }
      await page.context().close();
      const signedOut = await open(browser, { ...demo, token: undefined }, look);
      await signedOut.getByLabel("Token").waitFor();
      await signedOut.screenshot({ path: join(VIEWS, `sign-in-${theme}-${width}.png`) });
      await signedOut.goto(`${demo.url}/docs`);
      await signedOut.screenshot({ path: join(VIEWS, `docs-${theme}-${width}.png`) });
      await signedOut.context().close();
    }
  }
} finally {
  await browser.close();
}
process.stdout.write(`Look at the views in .cache/pictures\n`);
// The clock of the demo has timers.
process.exit();
