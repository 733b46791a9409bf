import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

const EXAMPLES = new URL("../../examples/", import.meta.url);

/** Reads a file of an example. */
export function readExample(path: string): string {
  return readFileSync(new URL(path, EXAMPLES), "utf8");
}

/** Reads a file of an example and replaces hosts in it. Each of them must occur in the file. */
export function readExampleFor(path: string, hosts: Readonly<Record<string, string>>): string {
  let text = readExample(path);
  for (const [name, host] of Object.entries(hosts)) {
    assert.ok(text.includes(name), `${path} does not name ${name}`);
    text = text.replaceAll(name, host);
  }
  return text;
}
