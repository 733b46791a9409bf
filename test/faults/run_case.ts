/** Runs cases with crossdock on Deno, crossdock in workerd, or another tool. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Ability, Attempt, FaultCase, Host, Outcome } from "./fault_case.ts";
import { Scene } from "./scene.ts";

/** A tool that copies images. */
export interface Tool {
  readonly name: string;
  readonly abilities: readonly Ability[];
  /** Only for crossdock. */
  readonly host?: Host;
  /** Runs the attempt to its end. */
  run(attempt: Attempt, scene: Scene): Promise<Ending>;
}

/** The outcome of a run before it is timed. */
export type Ending = Omit<Outcome, "seconds">;

export interface CaseResult {
  readonly id: string;
  /** `skipped`: the case does not apply to the tool. */
  readonly verdict: "passed" | "failed" | "skipped";
  /** Why it failed. */
  readonly reason?: string;
  readonly seconds: number;
}

/** Runs one case. Never rejects. */
export async function runCase(faultCase: FaultCase, tool: Tool): Promise<CaseResult> {
  const { id } = faultCase;
  if (!applies(faultCase, tool)) return { id, verdict: "skipped", seconds: 0 };
  let seconds = 0;
  try {
    await using scene = await Scene.create();
    const attempt = await faultCase.start(scene);
    const startedAt = performance.now();
    const result = await tool.run(attempt, scene);
    seconds = (performance.now() - (scene.firstRequestAt ?? startedAt)) / 1000;
    await attempt.check({ ...result, seconds });
    await scene.checkTags();
    if (result.isCrossdock && scene.isUntouched) throw new Error("no request met the fault");
    return { id, verdict: "passed", seconds };
  } catch (error) {
    return { id, verdict: "failed", reason: `${error}`, seconds };
  }
}

function applies({ needs = [], on = ["deno", "workerd"] }: FaultCase, tool: Tool): boolean {
  return needs.every((ability) => tool.abilities.includes(ability)) &&
    (tool.host === undefined || on.includes(tool.host));
}

/** Writes docker's `config.json` for the attempt, and returns the variables that lead tools to it. */
export async function writeDockerConfig(
  attempt: Attempt,
  scene: Scene,
): Promise<Record<string, string>> {
  const folder = join(scene.folder, "docker");
  await mkdir(folder);
  const file = join(folder, "config.json");
  await writeFile(file, attempt.dockerConfig ?? dockerConfigOf(attempt.credentials ?? {}));
  return { DOCKER_CONFIG: folder, REGISTRY_AUTH_FILE: file };
}

/** The text of a `config.json` with these credentials. */
export function dockerConfigOf(credentials: Readonly<Record<string, string>>): string {
  const auths = Object.entries(credentials).map(([host, pair]) => [
    host,
    { auth: new TextEncoder().encode(pair).toBase64() },
  ]);
  return JSON.stringify({ auths: Object.fromEntries(auths) });
}

/** Runs the tasks with at most `limit` of them at a time. */
export function createPool(limit: number): <T>(task: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (task) => {
    if (running >= limit) await new Promise<void>((resolve) => waiting.push(resolve));
    running++;
    try {
      return await task();
    } finally {
      running--;
      waiting.shift()?.();
    }
  };
}
