/** Debian's Chromium, driven by playwright-core. */
import { chromium } from "playwright-core";
import type { Browser } from "playwright-core";

export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: "/usr/bin/chromium",
    // Required if programs run as root, and in containers with little shared memory.
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
  });
}
