import assert from "node:assert/strict";
import { test } from "node:test";
import { registerCrons } from "../../src/entries/deno_cron.ts";
import type { DenoCron, RegisterCronsOptions } from "../../src/entries/deno_cron.ts";
import { parseConfig } from "../../src/config/parse_config.ts";
import type { RuleDispatcher } from "../../src/rules/dispatch.ts";
import type { SyncRule } from "../../src/sync/rule.ts";

/** A Wednesday. */
const NOW = Date.UTC(2026, 10, 25, 3, 0, 30);
const MINUTE_MS = 60_000;

/** A rule for each line: its name and its schedule, in UTC, or none. */
function rulesOf(schedules: Readonly<Record<string, string>>): readonly SyncRule[] {
  const sync = Object.entries(schedules).map(([name, schedule], i) => ({
    name,
    type: "repository",
    source: `r.example/app${i}`,
    target: `m.example/app${i}`,
    ...(schedule === "" ? {} : { schedule: `CRON_TZ=UTC ${schedule}` }),
  }));
  return parseConfig({ CROSSDOCK_CONFIG: JSON.stringify({ sync }) }).sync.rules;
}

interface Registered {
  readonly name: string;
  readonly schedule: string;
  readonly signal: AbortSignal;
  /** Has it called as Deno does when it is time. */
  readonly tell: () => Promise<void>;
}

/** Registers rules with a `Deno.cron` that tells when the test does. */
function register(
  rules: readonly SyncRule[],
  options: Partial<RegisterCronsOptions> = {},
): { readonly registered: readonly Registered[]; readonly told: readonly string[] } {
  const registered: Registered[] = [];
  const told: string[] = [];
  const cron: DenoCron = (name, schedule, { signal }, tell) => {
    registered.push({ name, schedule, signal, tell });
    return new Promise(() => {});
  };
  const dispatch: RuleDispatcher = ({ name }, { by, at, missing = false }) => {
    told.push(`${name} ${by} ${new Date(at).toISOString()} ${missing}`);
    return Promise.resolve("started");
  };
  registerCrons(rules, {
    cron,
    dispatch,
    runtime: { now: () => NOW },
    stopping: new AbortController().signal,
    track: () => {},
    ...options,
  });
  return { registered, told };
}

test("registerCrons() registers each rule that has a schedule, and runs none at the start", () => {
  const { registered, told } = register(
    rulesOf({ hourly: "5 * * * *", idle: "", weekdays: "15 3 * * 1-5" }),
  );
  assert.deepEqual(registered.map(({ name, schedule }) => [name, schedule]), [
    ["hourly", "5 * * * *"],
    ["weekdays", "15 3 * * *"],
  ]);
  assert.deepEqual(told, []);
});

test("registerCrons() runs a due rule when Deno calls it, for the scheduled time", async () => {
  const { registered, told } = register(
    rulesOf({ now: "* * * * *", sundays: "0 3 * * 0", wednesdays: "0 3 * * 3" }),
  );
  for (const { tell } of registered) await tell();
  assert.deepEqual(told, [
    "now schedule 2026-11-25T03:00:00.000Z false",
    "wednesdays schedule 2026-11-25T03:00:00.000Z false",
  ]);
});

test("registerCrons() skips times that came due during a run", async () => {
  let now = NOW;
  const { registered: [berlin], told } = register(
    rulesOf({ berlin: "*/5 * * * *" }).map((rule) => ({
      ...rule,
      schedule: { cron: "*/5 * * * *", timeZone: "Europe/Berlin" },
    })),
    { runtime: { now: () => now } },
  );
  await berlin?.tell();
  now += 6 * MINUTE_MS;
  await berlin?.tell();
  now += 4 * MINUTE_MS;
  await berlin?.tell();
  assert.deepEqual(told, [
    "berlin schedule 2026-11-25T03:00:00.000Z false",
    "berlin schedule 2026-11-25T03:10:00.000Z false",
  ]);
});

test("registerCrons() has a call last as long as its run, which is waited for at the end", async () => {
  const tracked: Promise<unknown>[] = [];
  const ended = Promise.withResolvers<"started">();
  const { registered: [only] } = register(rulesOf({ now: "* * * * *" }), {
    dispatch: () => ended.promise,
    track: (job) => tracked.push(job),
  });
  let isOver = false;
  const call = only?.tell().then(() => isOver = true);
  await new Promise((next) => setTimeout(next, 0));
  assert.deepEqual([tracked.length, isOver], [1, false]);
  ended.resolve("started");
  await call;
  assert.equal(isOver, true);
});

test("registerCrons() aborts its crons when the process stops, and starts no run", async () => {
  const stopping = new AbortController();
  const { registered: [only], told } = register(rulesOf({ now: "* * * * *" }), {
    stopping: stopping.signal,
  });
  stopping.abort(new Error("about to stop"));
  assert.equal(only?.signal.aborted, true);
  await only.tell();
  assert.deepEqual(told, []);
});

test("registerCrons() gives each rule a unique, stable name that Deno accepts", () => {
  const long =
    "registry.example.com/a-team/with-a-name/that-goes-on-and-on/for-longer-than-deno-likes";
  const rules = rulesOf(Object.fromEntries(
    ["plain_name-1", "r.example/app", "r.example/app:1", "r.example:app/1", long, `${long}2`]
      .map((name) => [name, "@daily"]),
  ));
  const names = register(rules).registered.map(({ name }) => name);
  for (const name of names) assert.match(name, /^[A-Za-z0-9_-]{1,64}$/);
  assert.equal(new Set(names).size, rules.length, names.join(" "));
  assert.deepEqual(names.slice(0, 2), ["plain_name-1", "r-example-app-cf65182d"]);
  assert.deepEqual(names, register(rules).registered.map(({ name }) => name));
});

test("registerCrons() names the rule that Deno rejects", () => {
  const cron: DenoCron = () => {
    throw new TypeError("Too many crons");
  };
  assert.throws(() => register(rulesOf({ late: "@daily" }), { cron }), {
    name: "ParseError",
    message: 'register rule "late" with Deno.cron: Too many crons',
  });
});
