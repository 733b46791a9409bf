/** Ids of runs: the time of the start, then eight hexadecimal digits. Their order is that of the starts. */

const TIME_CHARS = 9;

export const RUN_ID = /^[0-9a-z]{9}-[0-9a-f]{8}$/;

/** @param end eight hexadecimal digits. Default: random ones */
export function makeRunId(time: number, end = crypto.randomUUID().slice(0, 8)): string {
  return `${time.toString(36).padStart(TIME_CHARS, "0")}-${end}`;
}

/** The time in an id, in milliseconds since the epoch. */
export function timeOfRun(id: string): number {
  return Number.parseInt(id.slice(0, TIME_CHARS), 36);
}
