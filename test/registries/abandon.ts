// Starts a registry and is killed before it can stop it, for kit.test.ts.
import process from "node:process";
import { startRealRegistry } from "./support.ts";

const registry = await startRealRegistry("crane");
process.stdout.write(`${registry.pid}\n`);
setInterval(() => {}, 1000);
