/** The remaining pulls that a registry reports with a manifest. Plain data. */
export interface PullsLeft {
  /** The pulls that remain in the window. */
  readonly remaining: number;
  /** Allowed pulls per window. */
  readonly limit?: number;
  /** The length of the window. */
  readonly windowSeconds?: number;
  /** The time of the response, in milliseconds since the epoch. */
  readonly at: number;
}

/**
 * Reads `ratelimit-remaining: 76;w=21600` and `ratelimit-limit: 100;w=21600`. Docker Hub sends them to accounts that it limits,
 * also with a HEAD, which it does not count: https://docs.docker.com/docker-hub/usage/pulls/
 *
 * @returns `undefined` without these headers: there is no limit, or the registry does not report it
 */
export function parsePullsLeft(headers: Headers, now: number): PullsLeft | undefined {
  const remaining = parseQuota(headers.get("ratelimit-remaining"));
  if (!remaining) return undefined;
  const limit = parseQuota(headers.get("ratelimit-limit"));
  const windowSeconds = remaining.windowSeconds ?? limit?.windowSeconds;
  return {
    remaining: remaining.count,
    ...(limit ? { limit: limit.count } : {}),
    ...(windowSeconds === undefined ? {} : { windowSeconds }),
    at: now,
  };
}

const QUOTA = /^\s*(?<count>\d{1,15})\s*(?:;\s*w=(?<window>\d{1,9})\s*)?$/;

function parseQuota(
  value: string | null,
): { count: number; windowSeconds: number | undefined } | undefined {
  const { count, window } = QUOTA.exec(value ?? "")?.groups ?? {};
  if (count === undefined) return undefined;
  return { count: Number(count), windowSeconds: window === undefined ? undefined : Number(window) };
}
