/** Measures the script time of the page's first view over the server of the demo: `deno task bench:page`. Its goal is 100 ms. */
import process from "node:process";
import { startDemoServer } from "../examples/demo_server.ts";
import { launchChromium } from "../test/browser/launch_chromium.ts";

const LOADS = 7;

await using demo = await startDemoServer();
const browser = await launchChromium();
const times: number[] = [];
try {
  for (let load = 0; load < LOADS; load++) {
    // A context of its own has nothing in its cache.
    const context = await browser.newContext();
    await context.addInitScript(
      `sessionStorage.setItem("crossdock token " + location.pathname, ${
        JSON.stringify(demo.token)
      })`,
    );
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    await session.send("Performance.enable");
    await page.goto(`${demo.url}/`);
    await page.getByRole("rowheader").first().waitFor();
    const { metrics } = await session.send("Performance.getMetrics");
    times.push(1000 * (metrics.find(({ name }) => name === "ScriptDuration")?.value ?? NaN));
    await context.close();
  }
} finally {
  await browser.close();
}
times.sort((a, b) => a - b);
const [fastest, median, slowest] = [0, LOADS >> 1, LOADS - 1].map((i) => times[i]?.toFixed(0));
process.stdout.write(
  `script time of the first view: median ${median} ms, ${fastest} to ${slowest} ms in ${LOADS} loads\n`,
);
process.exit();
