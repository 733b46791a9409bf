/** The server on Deno, Node and Bun: listens on `PORT` until it is told to stop. */
import process from "node:process";
import { serve } from "@hono/node-server";
import { createRuntime } from "../hosts/detect.ts";
import { composeServer } from "../server/compose.ts";

const { app, log } = composeServer(process.env, {
  runtime: await createRuntime(),
  write: (line) => void process.stdout.write(`${line}\n`),
});
const port = Number(process.env["PORT"] ?? 8080);
serve({ fetch: app.fetch, port, hostname: process.env["HOST"] ?? "0.0.0.0" }, (address) => {
  log("info", "listening", { address: address.address, port: address.port });
});
