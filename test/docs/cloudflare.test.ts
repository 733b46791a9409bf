import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parseConfig } from "../../src/config/server_config.ts";

function read(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
}

/** Variables with their values, those behind a `#`, too. */
const example = [...read(".dev.vars.example").matchAll(/^(?:# )?([A-Z_]+)=(.*)$/gm)]
  .map(([, name = "", value = ""]) => [name, value] as const);

test(".dev.vars.example has each variable of the server that a Worker reads, once", () => {
  const elsewhere = [
    "HOST",
    "PORT",
    "CROSSDOCK_GRACE_MS",
    "CROSSDOCK_MAX_COPIES",
    "CROSSDOCK_CONFIG_FILE",
  ];
  const known = [...read("src/config/server_config.ts").matchAll(/^ {2}([A-Z_]+): /gm)]
    .map(([, name = ""]) => name)
    .filter((name) => !elsewhere.includes(name));
  assert.ok(known.includes("CROSSDOCK_TOKENS") && known.length > 20, `${known}`);
  assert.deepEqual(example.map(([name]) => name).sort(), known.sort());
});

test(".dev.vars.example is a configuration, with and without what is commented out", () => {
  assert.equal(parseConfig(Object.fromEntries(example)).sync.rules.length, 1);
  const set = read(".dev.vars.example").split("\n").filter((line) => /^[A-Z]/.test(line));
  const config = parseConfig(Object.fromEntries(set.map((line) => line.split(/=(.*)/s))));
  assert.equal(config.open, true);
});

test("wrangler.toml binds the Worker to itself under its own name", () => {
  const toml = read("wrangler.toml");
  const name = /^name = "(.+)"$/m.exec(toml)?.[1];
  assert.ok(name);
  assert.equal(/^service = "(.+)"$/m.exec(toml)?.[1], name);
});
