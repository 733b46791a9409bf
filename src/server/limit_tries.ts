import { RateLimiterMemory } from "rate-limiter-flexible";
import type { AppOptions } from "./app_options.ts";

/** A person mistypes less often, and a program that guesses gains nothing by ten. */
const TRIES_A_MINUTE = 10;

/** Counts wrong tokens by address, in this process's memory: ten a minute, and the eleventh is one too many. */
export function createTriesLimit(): NonNullable<AppOptions["limitTries"]> {
  const limiter = new RateLimiterMemory({ points: TRIES_A_MINUTE, duration: 60 });
  return async (address) => {
    try {
      await limiter.consume(address);
      return false;
    } catch (refusal) {
      // What it rejects with when there are none left is no error but the state of the count.
      if (refusal instanceof Error) throw refusal;
      return true;
    }
  };
}
