/** crossdock as a program on Deno, and as a Worker in workerd. */
import { exitCodeOf } from "../../src/cli/output/exit_codes.ts";
import { runCrossdock } from "../support/run_crossdock.ts";
import { startCrossdock } from "../workers/support.ts";
import type { RunningWorker } from "../workers/support.ts";
import type { Attempt } from "./fault_case.ts";
import { dockerConfigOf, writeDockerConfig } from "./run_case.ts";
import type { Ending, Tool } from "./run_case.ts";

const ABILITIES = ["crossdock", "index", "referrers", "digestTags"] as const;

export const crossdockOnDeno: Tool = {
  name: "crossdock",
  abilities: ABILITIES,
  host: "deno",
  async run(attempt, scene): Promise<Ending> {
    const { source, destination, command, flags = [], timeoutMs } = attempt;
    const env = { ...await writeDockerConfig(attempt, scene), ...attempt.env };
    const timeout = timeoutMs === undefined ? [] : ["--timeout", `${timeoutMs / 1000}s`];
    const args = command ?? ["copy", ...timeout, ...flags, source, destination];
    const { exitCode, stdout, stderr } = await runCrossdock({ env }, ...args);
    return { exitCode, output: stdout + stderr, isCrossdock: true };
  },
};

/** crossdock in workerd. Cases with the same variables share a Worker. */
export class CrossdockInWorkerd implements Tool, AsyncDisposable {
  readonly name = "crossdock in workerd";
  readonly abilities = ABILITIES;
  readonly host = "workerd";
  readonly #workers: Map<string, Promise<RunningWorker>> = new Map();

  /** Bundles the Worker, which blocks this process and with it the registries of cases. */
  async prepare(): Promise<void> {
    await this.#workerFor(variablesOf({}));
  }

  async run(attempt: Attempt): Promise<Ending> {
    const { source, destination, fields, get } = attempt;
    const { url } = await this.#workerFor(variablesOf(attempt));
    const response = get === undefined
      ? await fetch(new URL("/v1/copies", url), {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ source, destination, ...fields }),
      })
      : await fetch(new URL(get, url));
    const text = await response.text();
    return { exitCode: toExitCode(response, text), output: withoutSteps(text), isCrossdock: true };
  }

  #workerFor(variables: Readonly<Record<string, string>>): Promise<RunningWorker> {
    const key = JSON.stringify(variables);
    const worker = this.#workers.get(key) ?? startCrossdock({ variables, durable: false });
    this.#workers.set(key, worker);
    return worker;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const worker of this.#workers.values()) await (await worker)[Symbol.asyncDispose]();
  }
}

function variablesOf(
  attempt: Pick<Attempt, "credentials" | "dockerConfig" | "timeoutMs">,
): Record<string, string> {
  const { credentials, dockerConfig, timeoutMs } = attempt;
  const config = dockerConfig ?? (credentials && dockerConfigOf(credentials));
  return {
    // Each registry may redirect to storage, which is on loopback too.
    CROSSDOCK_ALLOW_PRIVATE: "127.0.0.1 127.0.0.1:*=127.0.0.1",
    ...(config === undefined ? {} : { CROSSDOCK_REGISTRY_AUTH: `${config}` }),
    ...(timeoutMs === undefined ? {} : { CROSSDOCK_TIMEOUT_MS: `${timeoutMs}` }),
  };
}

/** The events without the plan and its progress, which make failures hard to read. */
function withoutSteps(text: string): string {
  return text.split("\n").filter((line) => !/^{"type":"(plan|step-|progress)/.test(line)).join(
    "\n",
  );
}

/** The exit code that the program would have: 0, or that of the problem. */
function toExitCode({ ok }: Response, text: string): number {
  const last = JSON.parse(text.trimEnd().split("\n").at(-1) ?? "");
  if (ok && last.type !== "error") return 0;
  const { code } = ok ? last.problem : last;
  return code === "internal" ? 1 : exitCodeOf(code);
}
