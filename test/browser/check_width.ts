import assert from "node:assert/strict";
import type { Page } from "playwright-core";

/** Checks that nothing is wider than the window. */
export async function checkWidth(page: Page): Promise<void> {
  const [width, room] = await page.evaluate(
    "[document.documentElement.scrollWidth, document.documentElement.clientWidth]",
  ) as [number, number];
  assert.ok(width <= room, `${page.url()}: ${width} px of content in ${room} px`);
}
