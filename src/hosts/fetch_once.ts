import type { HttpRequest } from "../runtime.ts";
import { toRequestError } from "./network_failure.ts";

/** Sends a request. The `fetch` of a host, or of a binding of Workers. */
export type Send = (url: URL, init: RequestInit) => Promise<Response>;

/** Sends a request by the host's `fetch` without following redirects. `extra` holds options specific to this host. */
export async function fetchOnce(
  { method, url, headers, body, signal }: HttpRequest,
  extra: object = {},
  send: Send = fetch,
): Promise<Response> {
  const init: RequestInit = { method, headers, redirect: "manual", ...extra };
  if (body !== undefined) init.body = body;
  if (signal) init.signal = signal;
  try {
    return await send(url, init);
  } catch (error) {
    throw toRequestError(error, { signal, url });
  }
}
