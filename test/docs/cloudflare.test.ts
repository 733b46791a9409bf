import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { AS_OF, CPU_MS, PAID_USD_PER_MONTH, PLATFORMS } from "../../src/budget/platforms.ts";
import { parseConfig } from "../../src/config/parse_config.ts";
import npm from "../../package.json" with { type: "json" };
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

/** What "Deploy to Cloudflare" asks for: the lines that are not comments, with the values that it suggests. */
const asked = [...read(".dev.vars.example").matchAll(/^([A-Z_]+)=(.*)$/gm)]
  .map(([, name = "", value = ""]) => [name, value] as const);

test(".dev.vars.example has each variable of the server that a Worker reads", () => {
  const known = SERVER_VARIABLES.filter((name) => !NOT_ON_WORKERS.includes(name));
  assert.deepEqual([...new Set(example.map(([name]) => name))].sort(), known.sort());
});

test(".dev.vars.example is a valid configuration with its comments", () => {
  const config = parseConfig(Object.fromEntries(example));
  assert.equal(config.sync.rules.length, 1);
  assert.deepEqual(config.tokens.map(({ name }) => name), ["ci", "board"]);
});

test("Deploy to Cloudflare asks for secrets and variables that have a description, and no other", () => {
  const variables = wranglerTable("vars");
  const names = [...asked, ...variables].map(([name]) => name);
  assert.deepEqual(names.sort(), Object.keys(npm.cloudflare.bindings).sort());
  for (const [, value] of wranglerTable("secrets")) {
    for (const name of JSON.parse(value)) assert.ok(asked.some(([each]) => each === name), name);
  }
});

test("the values that Deploy to Cloudflare suggests let nobody in, and only the token is missing", () => {
  const suggested = { ...Object.fromEntries(asked), ...toEnvironment(wranglerTable("vars")) };
  assert.throws(() => parseConfig(suggested), {
    message:
      "configuration is not valid: CROSSDOCK_TOKENS: me: a token is shorter than 16 characters",
  });
  const config = parseConfig({ ...suggested, CROSSDOCK_TOKENS: '{"me": "0123456789abcdef"}' });
  assert.equal(config.open, false);
});

function toEnvironment(entries: readonly (readonly [string, string])[]): Record<string, string> {
  return Object.fromEntries(entries.map(([name, value]) => [name, JSON.parse(value)]));
}

/** The keys of a table, with values whose form is also that of JSON. */
function wranglerTable(name: string): (readonly [string, string])[] {
  const [, table = ""] = new RegExp(`^\\[${name}\\]\\n((?:\\w+ = .+\\n)+)`, "m")
    .exec(read("wrangler.toml")) ?? [];
  const entries = [...table.matchAll(/^(\w+) = (.+)$/gm)];
  assert.ok(entries.length > 0, name);
  return entries.map(([, key = "", value = ""]) => [key, value] as const);
}

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
