import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

const EXAMPLES = new URL("../../examples/", import.meta.url);

/** A file of an example, as it stands. */
export function readExample(path: string): string {
  return readFileSync(new URL(path, EXAMPLES), "utf8");
}

/** The same, with other hosts in place of those that it names; each of them has to be there. */
export function readExampleFor(path: string, hosts: Readonly<Record<string, string>>): string {
  let text = readExample(path);
  for (const [name, host] of Object.entries(hosts)) {
    assert.ok(text.includes(name), `${path} does not name ${name}`);
    text = text.replaceAll(name, host);
  }
  return text;
}
