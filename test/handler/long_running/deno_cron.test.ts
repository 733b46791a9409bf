/** Rules by `Deno.cron`, on Deno where there is one. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { putImage } from "../../support/image.ts";
import { startRegistry } from "../../support/registry.ts";
import type { RunningRegistry } from "../../support/registry.ts";
import type { Handler } from "../handler.ts";
import { denoRun } from "../hosts/deno_run.ts";
import { denoServe } from "../hosts/deno_serve.ts";
import { startProcess } from "../hosts/start_process.ts";
import type { HandlerProgram } from "../hosts/start_process.ts";
import { logLines } from "../log_lines.ts";
import { testHost } from "../start_handler.ts";
import { until } from "../../support/until.ts";
import { closerOf } from "../../support/close_server.ts";

/** A minute, and what the copy takes. */
const NEXT_MINUTE_MS = 70_000;

const host = testHost();
const program = host === "deno" ? denoServe : host === "deno-run" ? denoRun : undefined;
if (program) testOn(program);

function testOn(program: HandlerProgram): void {
  test("handler with --unstable-cron copies at the next minute, and not at its start", async () => {
    await using source = await startRegistry();
    await using destination = await startRegistry();
    const { descriptor } = await putImage(source, "app", { tag: "1" });
    await using handler = await startWithCron(program, configOf(source, destination));
    await until(
      "the rule has run",
      () => runsOf(handler, "rule ended").length > 0,
      NEXT_MINUTE_MS,
    );
    assert.deepEqual(runsOf(handler, "rule started"), ["apps schedule"]);
    assert.equal(destination.getManifest("mirror/app", "1")?.digest, descriptor.digest);
    handler.send("SIGTERM");
    assert.equal(await handler.ended, 0);
  });

  test("handler registers its rules as Deno crons at its start, and reports the end of a run", async () => {
    await using source = await startRegistry();
    await using destination = await startRegistry();
    await putImage(source, "app", { tag: "1" });
    await using waker = await startWaker();
    await using handler = await startWithCron(program, configOf(source, destination), waker.path);
    // Deno connects to the socket in the background.
    await until("both rules are registered", () => waker.told.length === 2);
    waker.send({ kind: "reject-new-crons", reason: "it listens" });
    await until("it takes no more", () => waker.told.some(({ kind }) => kind === "reject-ack"));
    assert.deepEqual(waker.told, [
      { kind: "register", crons: [{ name: "apps", schedule: "* * * * *" }] },
      { kind: "register", crons: [{ name: "r-example-never-58182e16", schedule: "0 0 * * *" }] },
      { kind: "reject-ack" },
    ]);
    assert.deepEqual(runsOf(handler, "rule started"), []);
    for (const { crons: [cron] = [] } of waker.told) {
      if (!cron) continue;
      waker.send({ kind: "invoke", name: cron.name });
      await until(`${cron.name} is over`, () => waker.told.at(-1)?.name === cron.name);
      assert.equal(waker.told.at(-1)?.kind, "result");
      assert.deepEqual(destination.tags("mirror/app"), ["1"]);
    }
    assert.deepEqual(runsOf(handler, "rule ended"), ["apps schedule"]);
  });
}

/** A rule for each minute, and one for no day at all. */
function configOf(source: RunningRegistry, destination: RunningRegistry): string {
  return `
sync:
  - {name: apps, type: repository, source: "${source.host}/app", target: "${destination.host}/mirror/app", schedule: "* * * * *"}
  - {type: repository, source: r.example/never, target: m.example/never, schedule: "CRON_TZ=UTC 0 0 30 2 *"}
`;
}

function startWithCron(
  { command: [deno = "", subcommand = "", ...rest], ...program }: HandlerProgram,
  config: string,
  socket?: string,
): Promise<Handler> {
  const command = [deno, subcommand, "--unstable-cron", ...rest];
  return startProcess({ ...program, command }, {
    CROSSDOCK_ALLOW_PRIVATE: "127.0.0.1",
    CROSSDOCK_CONFIG: config,
    ...(socket === undefined ? {} : { DENO_UNSTABLE_CRON_SOCK: `unix:${socket}` }),
  });
}

/** Which rules the log has a line of, and why they ran. */
function runsOf(handler: Handler, message: string): string[] {
  return logLines(handler).filter((line) => line["message"] === message)
    .map(({ rule, by }) => `${rule} ${by}`);
}

interface WakerMessage {
  readonly kind: string;
  readonly name?: string;
  readonly crons?: readonly { readonly name: string; readonly schedule: string }[];
}

/**
 * What Deno is told to leave its crons to instead of keeping time by itself, as a platform does whose instances sleep.
 * https://github.com/denoland/deno/blob/v2.9.5/ext/cron/socket.rs
 */
async function startWaker(): Promise<
  AsyncDisposable & {
    readonly path: string;
    readonly told: readonly WakerMessage[];
    send(message: WakerMessage & { readonly reason?: string }): void;
  }
> {
  const folder = mkdtempSync(join(tmpdir(), "crossdock-cron-"));
  const path = join(folder, "cron.sock");
  const told: WakerMessage[] = [];
  let send = (_: string): void => {
    throw new Error("nobody has come");
  };
  const server = createServer((socket) => {
    let text = "";
    send = (line) => void socket.write(line);
    // It goes with the process.
    socket.on("error", () => {}).setEncoding("utf8").on("data", (chunk) => {
      const lines = `${text}${chunk}`.split("\n");
      text = lines.pop() ?? "";
      told.push(...lines.map((line) => JSON.parse(line)));
    });
  }).listen(path);
  const close = closerOf(server);
  await once(server, "listening");
  return {
    path,
    told,
    send: (message) => send(`${JSON.stringify(message)}\n`),
    async [Symbol.asyncDispose](): Promise<void> {
      await close();
      rmSync(folder, { recursive: true });
    },
  };
}
