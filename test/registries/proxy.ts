import { requireBinary } from "./binaries.ts";
import { startServerProcess } from "./server_process.ts";

export interface ProxyOptions {
  /** The delay of each request in milliseconds. Default: 0. */
  readonly latencyMs?: number;
  /** The additional delay of the first request on a connection in milliseconds. Default: 0. */
  readonly connectLatencyMs?: number;
  /** The limit for all bodies in each direction. Default: none. */
  readonly bytesPerSecond?: number;
  /** Whether a repository needs a bearer token, which the proxy gives to anyone. Default: false. */
  readonly tokens?: boolean;
}

/** A request with a response of the registry. */
export interface ProxiedRequest {
  readonly method: string;
  /** The path with its query. */
  readonly path: string;
  readonly status: number;
}

export interface ProxyCounts {
  /** In the order of the responses. */
  readonly requests: readonly ProxiedRequest[];
  /** Numbers of requests by method and kind: `GET blob`. */
  readonly kinds: Readonly<Record<string, number>>;
  readonly connections: number;
  /** Bytes of request bodies. */
  readonly sentBytes: number;
  /** Bytes of response bodies. */
  readonly receivedBytes: number;
}

/** A counting proxy in front of a registry. */
export interface Proxy extends AsyncDisposable {
  /** `127.0.0.1:port` */
  readonly host: string;
  /** The traffic since the start, or since the last call. */
  takeCounts(): Promise<ProxyCounts>;
}

/**
 * Starts an HTTP/1.1 proxy in front of the registry at `targetHost`. It passes on the client's Host header. Distribution
 * makes the Location of an upload from it, so the upload comes through the proxy too.
 *
 * It is a program of its own (bench/instruments), so that it takes no time of the process that a test or the bench runs in.
 */
export async function startProxy(targetHost: string, options: ProxyOptions = {}): Promise<Proxy> {
  const { latencyMs = 0, connectLatencyMs = 0, bytesPerSecond = 0, tokens = false } = options;
  const { port, stop } = await startServerProcess({
    path: requireBinary("instruments"),
    args: [
      "proxy",
      `-target=${targetHost}`,
      `-latency=${latencyMs}ms`,
      `-connect-latency=${connectLatencyMs}ms`,
      `-bytes-per-second=${bytesPerSecond}`,
      `-tokens=${tokens}`,
    ],
    env: {},
    listening: /^listening on 127\.0\.0\.1:(\d+)$/m,
  });
  const host = `127.0.0.1:${port}`;
  return {
    host,
    async takeCounts(): Promise<ProxyCounts> {
      const response = await fetch(`http://${host}/-/counts`, { method: "DELETE" });
      return await response.json();
    },
    [Symbol.asyncDispose]: stop,
  };
}
