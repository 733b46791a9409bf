/**
 * Runs crossdock under load and kills it at random moments:
 *
 *     deno task soak [--quick] [--minutes N] [--copies N] [--kills N] [--seed S]
 *
 * One round is two servers with `--copies` copies at once, and `--kills` kills of the program and of workerd. Rounds are repeated
 * for `--minutes`. The same seed gives the same content and the same moments. The last line has the counts, and the exit code is 1
 * if a check failed.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { soakCopies } from "./copies.ts";
import { soakKills } from "./kills.ts";
import type { Check } from "./check.ts";

const DEFAULTS = { copies: 200, kills: 200 };

/** About a minute. */
const QUICK = { copies: 120, kills: 12 };

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    minutes: { type: "string", default: "0" },
    copies: { type: "string" },
    kills: { type: "string" },
    seed: { type: "string" },
  },
});
const defaults = values.quick ? QUICK : DEFAULTS;
const copies = readNumber("copies", values.copies ?? defaults.copies);
const kills = readNumber("kills", values.kills ?? defaults.kills);
const endsAt = Date.now() + readNumber("minutes", values.minutes) * 60_000;
let seed = readNumber("seed", values.seed ?? Math.floor(Math.random() * 1_000_000));
let passed = 0;
let failed = 0;

const check: Check = (what, failure) => {
  if (failure === undefined) passed += 1;
  else {
    failed += 1;
    print(`FAILED ${what}: ${failure}`);
  }
};

do {
  print(`seed ${seed}`);
  for (const limit of ["default", "off"] as const) {
    await soakCopies({ copies, limit, seed, check, print });
  }
  await soakKills({ kills, seed, check, print });
  seed += 1;
} while (Date.now() < endsAt);
print(`soak: ${passed} passed, ${failed} failed`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);

function readNumber(name: string, text: string | number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  throw new RangeError(`--${name} is ${text}, expected a whole number`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
