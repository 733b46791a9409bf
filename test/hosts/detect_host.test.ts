import assert from "node:assert/strict";
import { test } from "node:test";
import { detectHost } from "../../src/hosts/detect_host.ts";

const worker = { userAgent: "Cloudflare-Workers" };
const HOSTS: readonly [name: string, globals: object, host: string | undefined][] = [
  ["this host", globalThis, "Deno" in globalThis ? "deno" : "Bun" in globalThis ? "bun" : "node"],
  ["Deno", { Deno: {}, process: {}, navigator: { userAgent: "Deno/2.9.6" } }, "deno"],
  ["Bun", { Bun: {}, process: {} }, "bun"],
  ["Node", { process: {}, navigator: { userAgent: "Node.js/24" } }, "node"],
  ["Node without navigator", { process: {} }, "node"],
  ["a Worker", { navigator: worker }, "workerd"],
  ["a Worker with nodejs_compat", { process: {}, navigator: worker }, "workerd"],
  ["a browser", { navigator: { userAgent: "Mozilla/5.0" } }, undefined],
];

for (const [name, globals, host] of HOSTS) {
  test(`detectHost() detects ${name}`, () => assert.equal(detectHost(globals), host));
}
