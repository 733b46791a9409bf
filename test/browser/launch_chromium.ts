/** Debian's Chromium, driven by playwright-core. */
import { chromium } from "playwright-core";
import type { Browser } from "playwright-core";

/** A limit only for what never happens: on a busy machine each step may take many seconds. */
export const TIMEOUT_MS = 120_000;

export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    timeout: TIMEOUT_MS,
    executablePath: "/usr/bin/chromium",
    // Required if programs run as root, and in containers with little shared memory.
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
  });
}
