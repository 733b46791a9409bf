/** Compares docs/troubleshooting.md with what the program prints, so that each quoted message exists. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { isInSource } from "./source_text.ts";
import { runInWorld } from "./troubleshooting_world.ts";

const page = readFileSync(new URL("../../docs/troubleshooting.md", import.meta.url), "utf8");

/** The command is in a block of its own, or in the first line of the output if the command line is wrong. */
const SESSION =
  /^(?: *```sh\n *crossdock (?<valid>[^\n]*)\n *```\n\n)?(?<indent> *)```text\n(?:\$ crossdock (?<wrong>[^\n]*)\n)?(?<output>[^]*?)^ *```$/gm;

/** Each command with its output. */
const SESSIONS = [...page.matchAll(SESSION)].map(({ groups = {} }) => ({
  command: groups["valid"] ?? groups["wrong"] ?? "",
  output: groups["output"]?.replaceAll(new RegExp(`^${groups["indent"]}`, "gm"), ""),
}));

test("docs/troubleshooting.md has a command before each output", () => {
  assert.equal(SESSIONS.length, page.match(/^ *```text$/gm)?.length);
  assert.ok(SESSIONS.length > 10, `${SESSIONS.length} outputs`);
  assert.deepEqual(SESSIONS.filter(({ command }) => command === ""), []);
});

for (const { command, output } of SESSIONS) {
  test(`docs/troubleshooting.md has the output of crossdock ${command}`, async () => {
    assert.equal(output, await runInWorld(command.split(" ")));
  });
}

/** Messages of other programs: in the table at the top, after "Also:", and of Kubernetes. Messages in outputs are compared above. */
const OTHERS = [
  /^\| words in the message[^]*?\n\n/m,
  /^Also: [^]*?\n\n/gm,
  /^## Kubernetes[^]*?(?=^## )/m,
  /^ *```[^]*?^ *```$/gm,
];

test("docs/troubleshooting.md quotes messages of the source", () => {
  const text = OTHERS.reduce((text, part) => text.replaceAll(new RegExp(part, "gm"), "\n"), page);
  const quotes = [...text.matchAll(/`([^`]+)`/g)].map(([, quote = ""]) => quote.replace("\n", " "))
    .filter((quote) =>
      quote.split(/\s+/).length > 3 && !/^(docker|crossdock|aws|podman) /.test(quote)
    );
  assert.ok(quotes.length > 20, `${quotes.length} quotes`);
  assert.deepEqual(quotes.filter((quote) => !isInSource(quote)), []);
});
