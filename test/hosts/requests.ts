/** Requests and signals for the tests of the hosts' HTTP clients. */
import type { HttpRequest, TlsOptions } from "../../src/runtime.ts";

export function get(url: URL | string, tls?: TlsOptions): HttpRequest {
  const headers = new Headers({ "accept-encoding": "identity" });
  return { method: "GET", url: new URL(url), headers, tls };
}

/** A signal that counts its listeners. */
export function countedSignal(): {
  signal: AbortSignal;
  abort: (r: unknown) => void;
  count: () => number;
} {
  const controller = new AbortController();
  const { signal } = controller;
  const listeners = new Set<unknown>();
  const add = signal.addEventListener.bind(signal) as AbortSignal["addEventListener"];
  const remove = signal.removeEventListener.bind(signal) as AbortSignal["removeEventListener"];
  signal.addEventListener = (type: string, listener: EventListener, options?: unknown) => {
    listeners.add(listener);
    add(type, listener, options as AddEventListenerOptions);
  };
  signal.removeEventListener = (type: string, listener: EventListener) => {
    listeners.delete(listener);
    remove(type, listener);
  };
  return { signal, abort: (reason) => controller.abort(reason), count: () => listeners.size };
}
