/** Measures the latency of a URL until it gets a message. Runs as a worker thread. */
import { setTimeout as delay } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";

const PAUSE_MS = 50;

let isStopped = false;
parentPort?.once("message", () => isStopped = true);

const latencies: number[] = [];
do {
  const startedAt = performance.now();
  const response = await fetch(workerData);
  await response.body?.cancel();
  if (response.status !== 200) throw new Error(`${workerData}: status ${response.status}`);
  latencies.push(Math.round(performance.now() - startedAt));
  await delay(PAUSE_MS);
} while (!isStopped);
parentPort?.postMessage(latencies);
