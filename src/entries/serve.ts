#!/usr/bin/env node
/** The program `crossdock-server`, for Deno, Node and Bun. */
import process from "node:process";
import { rejectOldNode } from "../hosts/old_node.ts";
import { SERVER_SETTINGS_HELP } from "../server/help.ts";
import { PACKAGE_VERSION } from "../version.ts";

const HELP = `Usage: crossdock-server [--help | --version]

Starts the server of crossdock: the HTTP API, and the schedules and webhooks of crossdock.yaml.

${SERVER_SETTINGS_HELP}
`;

const EXIT_USAGE = 2;

rejectOldNode();

const [first] = process.argv.slice(2);
if (first === "--help" || first === "-h") process.stdout.write(HELP);
else if (first === "--version" || first === "-V") process.stdout.write(`${PACKAGE_VERSION}\n`);
else if (first === undefined) await (await import("./start_server.ts")).startServer();
else {
  process.stderr.write(
    `error: unexpected argument ${JSON.stringify(first)}\nhint: run crossdock-server --help\n`,
  );
  process.exitCode = EXIT_USAGE;
}
