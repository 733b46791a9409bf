/** Options and cases that the tests of the three clouds share. */
import { createRuntime } from "../../src/hosts/detect.ts";
import type { HttpRequest } from "../../src/runtime.ts";

export const NOW = Date.UTC(2025, 0, 1, 12);
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

/** Options that send real requests at a fixed time. */
export interface CloudOptions {
  readonly fetch: (request: HttpRequest) => Promise<Response>;
  readonly now: () => number;
}

export async function cloudOptions(): Promise<CloudOptions> {
  const runtime = await createRuntime();
  return { fetch: (request) => runtime.fetch(request), now: () => NOW };
}

/** Responses of a token endpoint that have no token. */
export const TOKENLESS: readonly object[] = [{}, { access_token: "" }, { access_token: 7 }];
