import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { AS_OF, CPU_MS, PAID_USD_PER_MONTH, PLATFORMS } from "../../src/budget/platforms.ts";
import { parseConfig } from "../../src/config/parse_config.ts";
import { SERVER_VARIABLES } from "../../src/config/server_config.ts";

function read(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
}

/** Variables and their values, including those in comments. */
const example = [...read(".dev.vars.example").matchAll(/^(?:# )?([A-Z_]+)=(.*)$/gm)]
  .map(([, name = "", value = ""]) => [name, value] as const);

/** A Worker does not listen on a port and has no files. */
const NOT_ON_WORKERS = [
  "HOST",
  "PORT",
  "CROSSDOCK_GRACE_MS",
  "CROSSDOCK_MAX_COPIES",
  "CROSSDOCK_MAX_HELD_BYTES",
  "CROSSDOCK_CONFIG_FILE",
  "CROSSDOCK_STATE",
  "CROSSDOCK_HISTORY_FILE",
];

test(".dev.vars.example has each variable of the server that a Worker reads, once", () => {
  const known = SERVER_VARIABLES.filter((name) => !NOT_ON_WORKERS.includes(name));
  assert.deepEqual(example.map(([name]) => name).sort(), known.sort());
});

test(".dev.vars.example is a valid configuration, with and without its comments", () => {
  assert.equal(parseConfig(Object.fromEntries(example)).sync.rules.length, 1);
  const set = read(".dev.vars.example").split("\n").filter((line) => /^[A-Z]/.test(line));
  const config = parseConfig(Object.fromEntries(set.map((line) => line.split(/=(.*)/s))));
  assert.equal(config.open, true);
});

test("wrangler.toml binds the Worker to itself by its own name", () => {
  const toml = read("wrangler.toml");
  const name = /^name = "(.+)"$/m.exec(toml)?.[1];
  assert.ok(name);
  assert.equal(/^service = "(.+)"$/m.exec(toml)?.[1], name);
});

test("docs/deploy/cloudflare-limits.md has the prices of budgets", () => {
  const text = read("docs/deploy/cloudflare-limits.md");
  const section = text.slice(
    text.indexOf("## Budget of a copy"),
    text.indexOf("## Cost of a copy"),
  );
  const { included: day } = PLATFORMS["workers-free"];
  const { included: month, prices } = PLATFORMS["workers-paid"];
  const number = (amount = NaN): string => amount.toLocaleString("en-US");
  const price = (usd = NaN, amount = 1): string => `\\$${(usd * amount).toFixed(2)}`;
  const rows = [
    `subscription +\\| \\$0 +\\| \\$${PAID_USD_PER_MONTH} a month`,
    `steps of Workflows +\\| ${number(day.steps)} a day +\\| ${number(month.steps)} a month, ` +
    `then ${price(prices.steps, 100_000)} per 100,000`,
    `requests to the Worker +\\| ${number(day.invocations)} a day +\\| ` +
    `${number(month.invocations)} a month, then ${price(prices.invocations, 1e6)} per million`,
    `CPU time +\\| ${PLATFORMS["workers-free"].limits.cpuMsPerInvocation} ms per request +\\| ` +
    `${number(month.cpuMs)} ms a month, then ${price(prices.cpuMs, 1e6)} per million ms`,
  ];
  for (const row of rows) assert.match(section, new RegExp(`^\\| ${row} +\\|$`, "m"));
  assert.ok(section.includes(`Prices as of ${AS_OF}`));
});

test("docs/deploy/cloudflare-limits.md has the CPU time of budgets", () => {
  const text = read("docs/deploy/cloudflare-limits.md");
  const { manifestRead, smallBlob, other } = CPU_MS;
  for (
    const [request, ms] of [
      ["a plan of 10 layers", manifestRead],
      ["a blob of 1 kB", smallBlob],
      ["a manifest", other],
    ] as const
  ) {
    assert.match(text, new RegExp(`^\\| ${request} +\\| ${ms} ms \\|$`, "m"));
  }
});
