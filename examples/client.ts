/** Copies through a server: `deno install && deno run --allow-net --allow-env examples/client.ts URL SOURCE DESTINATION`. */
import process from "node:process";
import { createClient, createRemoteEngine } from "../src/client/mod.ts";

const [url = "", source = "", destination = ""] = process.argv.slice(2);
const token = process.env["CROSSDOCK_TOKEN"];

// An engine that delegates to the server: the same calls, events and errors.
const engine = createRemoteEngine({ url, token });
const report = await engine.copy({ source, destination }, {
  emit(event): void {
    if (event.type === "step-finished") print(`${event.outcome.state} ${event.step.type}`);
  },
});
print(`${report.result} ${report.digest}`);

// The API itself, with typed calls and responses.
const client = createClient(url, { token });
const answer = await client.v1.images.$get({ query: { reference: destination } });
if (answer.ok) {
  const { root, totalBytes } = await answer.json();
  print(`${root.kind} of ${totalBytes} bytes`);
} else {
  const { code, detail } = await answer.json();
  print(`${code}: ${detail}`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
