/** Kills the program and workerd in the middle of a copy, and copies again. */
import process from "node:process";
import { ROOT } from "../handler/hosts/start_process.ts";
import { spawnGuarded } from "../support/guarded_process.ts";
import { createRegistry, serveRegistry, startRegistry } from "../support/registry.ts";
import type { RunningRegistry } from "../support/registry.ts";
import { startCrossdock } from "../workers/support.ts";
import type { SoakOptions } from "./check.ts";
import { findGap, putSoakImage } from "./content.ts";
import type { SoakImage } from "./content.ts";

export interface SoakKillsOptions extends SoakOptions {
  readonly kills: number;
}

/** One in so many kills is of workerd, whose restart takes longer. */
const WORKERD_EACH = 4;

/** Prints the number of kills after so many. */
const PROGRESS_EACH = 25;

/** The destination, and the moment of the next kill. */
interface Stage {
  readonly source: RunningRegistry;
  readonly destination: RunningRegistry;
  readonly image: SoakImage;
  /** Called at each request to the destination, before and after it is handled. */
  onMoment: () => void;
  /** What a reader saw under a tag that was there. */
  readonly gaps: string[];
  repository: string;
}

/** Starts a copy, and resolves when it has ended or was killed: to whether it was killed. */
type CopyAndKill = (stage: Stage, killAt: number) => Promise<boolean>;

export async function soakKills({ kills, seed, check, print }: SoakKillsOptions): Promise<void> {
  await using source = await startRegistry();
  // Not strict: the order must be right although the destination does not enforce it.
  const registry = createRegistry({ strictManifests: false });
  const stage: Omit<Stage, "destination"> = {
    source,
    image: await putSoakImage(source, seed),
    onMoment: () => {},
    gaps: [],
    repository: "",
  };
  await using destination = await serveRegistry(registry, {}, async (request) => {
    stage.onMoment();
    const response = await registry.fetch(request);
    stage.onMoment();
    // A reader after each request sees every state of the destination.
    const { repository, image } = stage;
    const gap = registry.tags(repository).includes("1") && findGap(registry, repository, image);
    if (gap) stage.gaps.push(gap);
    return response;
  });
  const ready: Stage = Object.assign(stage, { destination });
  await using workerd = await startCrossdock();
  const runners: Readonly<Record<"program" | "workerd", CopyAndKill>> = {
    program: copyByProgram,
    workerd: async (stage, killAt) => {
      let killing: Promise<void> | undefined;
      countMoments(stage, killAt, () => killing = workerd.kill());
      // The requests fail when workerd is killed.
      const id = await workerd.start(requestOf(stage)).catch(() => undefined);
      if (id !== undefined) await workerd.reach(id, "complete", "failed").catch(() => {});
      await killing;
      return killing !== undefined;
    },
  };

  const random = createRandom(seed);
  const moments = { program: 0, workerd: 0 };
  const killed = { program: 0, workerd: 0 };
  for (const name of ["program", "workerd"] as const) {
    ready.repository = `whole/${name}`;
    let count = 0;
    ready.onMoment = () => count += 1;
    const copied = name === "program" ? await runProgram(ready) : await reachEnd(workerd, ready);
    check(`${name}, not killed`, copied ?? findGap(registry, ready.repository, ready.image));
    moments[name] = count;
  }
  for (let i = 0; i < kills; i++) {
    const name = i % WORKERD_EACH === WORKERD_EACH - 1 ? "workerd" : "program";
    const killAt = 1 + Math.floor(random() * moments[name]);
    const what = `kill ${i} of ${name} at moment ${killAt} of ${moments[name]}`;
    ready.repository = `killed/${i}`;
    ready.gaps.length = 0;
    const isKilled = await runners[name](ready, killAt);
    if (isKilled) killed[name] += 1;
    ready.onMoment = () => {};
    const failure = name === "program" ? await runProgram(ready) : await reachEnd(workerd, ready);
    check(
      what,
      failure ?? findGap(registry, ready.repository, ready.image) ??
        (ready.gaps[0] && `a reader saw an incomplete tag: ${ready.gaps[0]}`),
    );
    if ((i + 1) % PROGRESS_EACH === 0) print(`${i + 1} kills`);
  }
  for (const name of ["program", "workerd"] as const) {
    // The last moments of a copy can be missing when requests are not repeated.
    print(`killed ${name} ${killed[name]} times, at ${moments[name]} possible moments`);
    if (kills >= WORKERD_EACH) check(`kills of ${name}`, killed[name] > 0 ? undefined : "none");
  }
}

/** Calls `kill` once, at moment number `killAt`. */
function countMoments(stage: Stage, killAt: number, kill: () => void): void {
  let count = 0;
  stage.onMoment = () => {
    if (++count === killAt) kill();
  };
}

function requestOf(
  { source, destination, repository }: Stage,
): { readonly source: string; readonly destination: string } {
  return {
    source: `${source.host}/app:1`,
    destination: `${destination.host}/${repository}:1`,
  };
}

function spawnProgram(stage: Stage): ReturnType<typeof spawnGuarded> {
  const { source, destination } = requestOf(stage);
  const command = ["deno", "run", "--quiet", "--allow-all", "src/cli/main.ts"];
  const { PATH = "", HOME = "" } = process.env;
  return spawnGuarded([...command, "copy", "--progress", "none", source, destination], {
    env: { PATH, HOME, NO_COLOR: "1" },
    cwd: ROOT,
  });
}

async function copyByProgram(stage: Stage, killAt: number): Promise<boolean> {
  const child = spawnProgram(stage);
  countMoments(stage, killAt, () => child.send("SIGKILL"));
  return await child.ended === "SIGKILL";
}

/** @returns why the copy failed */
async function runProgram(stage: Stage): Promise<string | undefined> {
  const child = spawnProgram(stage);
  const end = await child.ended;
  return end === 0 ? undefined : `the copy ended with ${end}: ${child.stderr}`;
}

/** @returns why the copy failed */
async function reachEnd(
  workerd: Awaited<ReturnType<typeof startCrossdock>>,
  stage: Stage,
): Promise<string | undefined> {
  const id = await workerd.start(requestOf(stage));
  const copy = await workerd.reach(id, "complete", "failed");
  return copy.state === "complete" ? undefined : JSON.stringify(copy);
}

/** mulberry32: numbers in `[0, 1)`, the same for the same seed. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = state + 0x6d2b79f5 | 0;
    let mixed = Math.imul(state ^ state >>> 15, 1 | state);
    mixed = mixed + Math.imul(mixed ^ mixed >>> 7, 61 | mixed) ^ mixed;
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32;
  };
}
