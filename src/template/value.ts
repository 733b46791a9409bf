import type { GoTime, NamedNumber } from "./go_time.ts";

/** What templates work with. */
export type Value =
  | string
  | number
  | boolean
  | undefined
  | readonly string[]
  | GoTime
  | NamedNumber
  | TimeFunctions
  | Data;

/** Fields by name. */
export interface Data {
  readonly [field: string]: Value;
}

/** What `time` gives: `time.Now`. */
export class TimeFunctions {
  readonly now: number;

  constructor(now: number) {
    this.now = now;
  }
}
