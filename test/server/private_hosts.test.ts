import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePrivateHosts } from "../../src/server/private_hosts.ts";

const ENTRIES = [
  "registry.internal:5000",
  "*.lan",
  "10.0.0.0/8",
  "[fd00::5]",
  "hub.example=s3.lan:9000",
];

const TABLE: Readonly<Record<string, boolean>> = {
  "https://registry.internal:5000/v2/": true,
  "https://registry.internal/v2/": false,
  "http://a.lan/v2/": true,
  "https://10.1.2.3:8443/v2/": true,
  "https://11.1.2.3/v2/": false,
  "https://10.example.com/v2/": false,
  "https://[fd00::5]/v2/": true,
  "https://[fd00::6]/v2/": false,
  "https://s3.lan:9000/blob": true,
  "https://hub.example/v2/": false,
};

for (const [url, isIncluded] of Object.entries(TABLE)) {
  test(`parsePrivateHosts() ${isIncluded ? "includes" : "does not include"} ${url}`, () => {
    assert.equal(parsePrivateHosts(ENTRIES).includes(new URL(url)), isIncluded);
  });
}
