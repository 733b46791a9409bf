import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
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
