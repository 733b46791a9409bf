import type { GoTime, NamedNumber } from "./go_time.ts";

/** A value in a template. */
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

/** The value of `time`, whose only field is `Now`. */
export class TimeFunctions {
  readonly now: number;

  constructor(now: number) {
    this.now = now;
  }
}
