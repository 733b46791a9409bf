/** Copies by a server: `deno install && deno run --allow-net --allow-env examples/client.ts URL SOURCE DESTINATION`. */
import process from "node:process";
import { createClient, createRemoteEngine } from "../src/client/mod.ts";

const [url = "", source = "", destination = ""] = process.argv.slice(2);
const token = process.env["CROSSDOCK_TOKEN"];

// An engine whose work is done by the server: the same calls, events and errors.
const engine = createRemoteEngine({ url, token });
const report = await engine.copy({ source, destination }, {
  emit(event): void {
    if (event.type === "step-finished") say(`${event.outcome.state} ${event.step.type}`);
  },
});
say(`${report.result} ${report.digest}`);

// The API itself, each call and answer typed.
const client = createClient(url, { token });
const answer = await client.v1.images.$get({ query: { reference: destination } });
if (answer.ok) {
  const { root, totalBytes } = await answer.json();
  say(`${root.kind} of ${totalBytes} bytes`);
} else {
  const { code, detail } = await answer.json();
  say(`${code}: ${detail}`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
