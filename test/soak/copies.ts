/** Many copies at once by one server, with its limit on copies and without one. */
import { readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { bearer, variablesFor } from "../handler/setup.ts";
import { denoRun } from "../handler/hosts/deno_run.ts";
import { startProcess } from "../handler/hosts/start_process.ts";
import { startRegistry } from "../support/registry.ts";
import type { SoakOptions } from "./check.ts";
import { findGap, putSoakImage } from "./content.ts";

export interface SoakCopiesOptions extends SoakOptions {
  readonly copies: number;
  /** CROSSDOCK_MAX_COPIES. */
  readonly limit: "default" | "off";
}

/** A server with the default limit fits into a container of 512 MiB, however many copies are requested. */
const MAX_RESIDENT_MIB = 512;

/** Without a limit, memory grows with the copies at once: about 3 MiB for each. */
const COPY_MIB = 4;

interface Answer {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly text: string;
}

export async function soakCopies(
  { copies, limit, seed, check, print }: SoakCopiesOptions,
): Promise<void> {
  await using source = await startRegistry();
  await using destination = await startRegistry();
  const image = await putSoakImage(source, seed);
  await using server = await startProcess(denoRun, {
    ...variablesFor(source, destination),
    ...(limit === "off" ? { CROSSDOCK_MAX_COPIES: "10000" } : {}),
  });

  async function copy(i: number): Promise<Answer> {
    const response = await fetch(`${server.url}/v1/copies`, {
      method: "POST",
      headers: { ...bearer(), "content-type": "application/json" },
      body: JSON.stringify({
        source: `${source.host}/app:1`,
        destination: `${destination.host}/copies/${i}:1`,
      }),
    });
    const { status, headers } = response;
    return { status, retryAfter: headers.get("retry-after"), text: await response.text() };
  }

  const probe = startProbe(`${server.url}/healthz`);
  const answers = await Promise.all(Array.from({ length: copies }, (_, i) => copy(i)));
  const latencies = await probe.stop();
  answers.forEach((answer, i) => {
    const gap = findGap(destination, `copies/${i}`, image);
    check(`copy ${i}, limit ${limit}`, findFault(answer, gap));
  });
  const peakMiB = readPeakMiB(server.pid);
  const mostMiB = limit === "off" ? MAX_RESIDENT_MIB + COPY_MIB * copies : MAX_RESIDENT_MIB;
  check(
    `memory of ${copies} copies, limit ${limit}`,
    peakMiB <= mostMiB ? undefined : `${peakMiB} MiB resident, expected at most ${mostMiB}`,
  );
  const busy = answers.filter(({ status }) => status === 503).length;
  print(
    `${copies} copies at once, limit ${limit}: ${copies - busy} copied, ${busy} times 503, ` +
      `peak ${peakMiB} MiB, /healthz median ${median(latencies)} ms, most ${
        Math.max(...latencies)
      } ms`,
  );
}

function findFault(
  { status, retryAfter, text }: Answer,
  gap: string | undefined,
): string | undefined {
  if (status === 503) {
    if (retryAfter === null) return "503 without Retry-After";
    return gap === "the tag is missing" ? undefined : "the copy was rejected, but there is a tag";
  }
  const last = text.trimEnd().split("\n").at(-1) ?? "";
  if (status !== 200 || !last.includes('"type":"report"')) {
    return `status ${status}: ${last.slice(0, 500)}`;
  }
  return gap;
}

interface Probe {
  /** Resolves to the latencies in milliseconds. */
  stop(): Promise<number[]>;
}

/** Requests the URL again and again in a thread of its own. */
function startProbe(url: string): Probe {
  const worker = new Worker(new URL("./probe.ts", import.meta.url), { workerData: url });
  return {
    stop(): Promise<number[]> {
      return new Promise((resolve, reject) => {
        worker.once("error", reject);
        worker.once("message", (latencies) => {
          void worker.terminate();
          resolve(latencies);
        });
        worker.postMessage("stop");
      });
    },
  };
}

function readPeakMiB(pid: number): number {
  const peak = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Math.round(Number(peak) / 1024);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
