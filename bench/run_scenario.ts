/** Runs one scenario with all tools, one after another in each round. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { denoRun } from "../test/handler/hosts/deno_run.ts";
import { startProcess } from "../test/handler/hosts/start_process.ts";
import { requireBinary } from "../test/registries/binaries.ts";
import { startProxy } from "../test/registries/proxy.ts";
import type { Proxy } from "../test/registries/proxy.ts";
import { startRealRegistry } from "../test/registries/support.ts";
import { startCrossdock } from "../test/workers/support.ts";
import { putRepository } from "./corpus.ts";
import type { Corpus } from "./corpus.ts";
import type { Kinds, Mode, Run, ScenarioResult, ToolResult } from "./results.ts";
import type { Scenario } from "./scenarios.ts";
import { findChild, readUsage, runProcess } from "./support.ts";
import type { ProcessCost } from "./support.ts";
import { canDo, environmentOf, fillIn, serverFieldsOf, templateOf, TOOLS } from "./tools.ts";
import type { CommandTool, ServerTool, Tool } from "./tools.ts";

/** Some tools log a line for each blob. */
const MAX_MESSAGE = 500;

/** A tool that needs longer has no result. */
const TIMEOUT_MS = 240_000;

/** The names of a run, `host/repository` or `host/repository:tag`. */
interface Names {
  readonly source: string;
  readonly destination: string;
}

/** A tool that is ready to run. */
interface Subject {
  readonly tool: Tool;
  run(names: Names): Promise<ProcessCost>;
}

/** The registries of a scenario. Within one registry, both sides are the same proxy. */
interface Sides {
  readonly source: Proxy;
  readonly destination: Proxy;
}

export async function runScenario(
  scenario: Scenario,
  options: { corpus: Corpus; mode: Mode; print: (line: string) => void },
): Promise<ScenarioResult> {
  const { corpus, mode } = options;
  const { name, repository, action, network } = scenario;
  const print = (line: string): void => options.print(`${name}  ${line}`);
  await using cleanup = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), "crossdock-bench-"));
  cleanup.defer(() => rmSync(folder, { recursive: true, force: true }));
  const registry = cleanup.use(await startRealRegistry("distribution3"));
  const destination = cleanup.use(await startProxy(registry.host, network));
  const isMount = action === "mount";
  if (isMount) await putRepository(registry.host, repository);
  else await corpus.provide(repository);
  const source = isMount ? destination : cleanup.use(await startProxy(corpus.host, network));
  const content = new Content(scenario, corpus, isMount ? registry.host : corpus.host);
  // Where nothing is copied, all tools can have the same destination.
  const isShared = scenario.before === repository;
  if (isShared) await content.prepare(`${registry.host}/shared/${repository}`);

  const results: Record<string, ToolResult> = {};
  const fail = (tool: Tool, error: unknown): void => {
    const message = `${error}`.slice(0, MAX_MESSAGE);
    results[tool.name] = { error: message };
    print(`${tool.name}: ${message}`);
  };
  const subjects: Subject[] = [];
  for (const tool of TOOLS) {
    if (!canDo(tool, action) || !(scenario.tools?.includes(tool.name) ?? true)) continue;
    try {
      subjects.push({ tool, run: await prepareTool(tool, scenario, folder, cleanup) });
    } catch (error) {
      fail(tool, error);
    }
  }
  const rounds = scenario.rounds[mode];
  for (let round = 1; round <= rounds; round++) {
    for (const [index, { tool, run }] of subjects.entries()) {
      const before = results[tool.name] ?? { runs: [] };
      if ("error" in before) continue;
      const target = isShared ? `shared/${repository}` : `run-${round}-${index}/${repository}`;
      const names = content.namesOf(source.host, `${destination.host}/${target}`);
      try {
        if (!isShared) await content.prepare(`${registry.host}/${target}`);
        if (action === "state" && round === 1) await run(names);
        const measured = await measure(() => run(names), { source, destination });
        await content.check(`${registry.host}/${target}`);
        const { run: last, ...kinds } = measured;
        results[tool.name] = { runs: [...before.runs, last], ...kinds };
        print(`${round}/${rounds}  ${tool.name}: ${describe(last)}`);
      } catch (error) {
        fail(tool, error);
      }
    }
  }
  return { measuredAt: new Date().toISOString(), tools: results };
}

/** Runs a tool once, and counts its requests. */
async function measure(
  run: () => Promise<ProcessCost>,
  { source, destination }: Sides,
): Promise<{ run: Run; source: Kinds; destination: Kinds }> {
  for (const proxy of [source, destination]) await proxy.takeCounts();
  const cost = await run();
  const written = await destination.takeCounts();
  // Nothing is left if it is the same proxy.
  const read = await source.takeCounts();
  return {
    run: {
      ...cost,
      source: read.requests.length,
      destination: written.requests.length,
      connections: read.connections + written.connections,
      bytes: read.receivedBytes + written.sentBytes,
    },
    source: read.kinds,
    destination: written.kinds,
  };
}

function describe({ seconds, cpuSeconds, peakMiB, source, destination }: Run): string {
  return `${source} + ${destination} requests, ${seconds.toFixed(2)} s, ` +
    `${cpuSeconds.toFixed(2)} s CPU, ${peakMiB.toFixed(0)} MiB`;
}

/** The content of a scenario at the source, and at the destinations of its runs. */
class Content {
  readonly #scenario: Scenario;
  readonly #corpus: Corpus;
  readonly #sourceHost: string;
  /** Digests by tag. */
  #expected?: Promise<Map<string, string>>;

  constructor(scenario: Scenario, corpus: Corpus, sourceHost: string) {
    this.#scenario = scenario;
    this.#corpus = corpus;
    this.#sourceHost = sourceHost;
  }

  namesOf(sourceHost: string, destination: string): Names {
    const { repository, tags } = this.#scenario;
    const tag = tags === undefined ? ":1" : "";
    return { source: `${sourceHost}/${repository}${tag}`, destination: `${destination}${tag}` };
  }

  /** Fills the repository at the destination, not through the proxy. */
  async prepare(destination: string): Promise<void> {
    const { before } = this.#scenario;
    if (before === undefined) return;
    await this.#corpus.provide(before);
    const source = `${this.#corpus.host}/${before}`;
    await runProcess(requireBinary("instruments"), ["floor", "sync", source, destination]);
  }

  /** A tool that has not copied everything has no result. */
  async check(destination: string): Promise<void> {
    this.#expected ??= readTags(`${this.#sourceHost}/${this.#scenario.repository}`);
    const [expected, tags] = [await this.#expected, await readTags(destination)];
    const isRelated = this.#scenario.action === "related";
    for (const [tag, digest] of expected) {
      // oras copies referrers, but no digest tags.
      if (isRelated && tag.startsWith("sha256-")) continue;
      if (tags.get(tag) !== digest) throw new Error(`${tag} is ${tags.get(tag)}, not ${digest}`);
    }
  }
}

async function readTags(repository: string): Promise<Map<string, string>> {
  const base = `http://${repository.replace("/", "/v2/")}`;
  const list = await fetch(`${base}/tags/list?n=10000`);
  const { tags }: { tags: string[] | null } = await list.json();
  const digests = new Map<string, string>();
  const accept =
    "application/vnd.oci.image.index.v1+json,application/vnd.oci.image.manifest.v1+json";
  for (const tag of sample(tags ?? [])) {
    const response = await fetch(`${base}/manifests/${tag}`, {
      method: "HEAD",
      headers: { accept },
    });
    digests.set(tag, response.headers.get("docker-content-digest") ?? `${response.status}`);
  }
  return digests;
}

/** Enough tags to notice a copy that is incomplete: the first and last in the order of the list, and `v7`, which one scenario changes. */
function sample(tags: readonly string[]): string[] {
  const sorted = [...tags].sort();
  if (sorted.length <= 20) return sorted;
  return [...sorted.slice(0, 10), ...sorted.slice(-9), "v7"];
}

function prepareTool(
  tool: Tool,
  scenario: Scenario,
  folder: string,
  cleanup: AsyncDisposableStack,
): Promise<Subject["run"]> | Subject["run"] {
  return "server" in tool
    ? prepareServer(tool, scenario, cleanup)
    : prepareCommand(tool, scenario, folder);
}

function prepareCommand(tool: CommandTool, { action }: Scenario, folder: string): Subject["run"] {
  const name = tool.name.replaceAll(/\W+/g, "-");
  const template = templateOf(tool, action) ?? "";
  return async (names): Promise<ProcessCost> => {
    const home = mkdtempSync(join(folder, "home-"));
    const values = {
      ...names,
      sourceHost: hostOf(names.source),
      destinationHost: hostOf(names.destination),
      config: join(home, `${name}.yaml`),
      state: join(folder, `${name}.state`),
    };
    if (tool.config !== undefined) writeFileSync(values.config, fillIn(tool.config, values));
    const [program = "", ...args] = template.split(" ").map((word) => fillIn(word, values));
    return await runProcess(program, args, { env: environmentOf(home), timeoutMs: TIMEOUT_MS });
  };
}

/** The settings of a server that copies for everyone. */
const OPEN = {
  CROSSDOCK_OPEN: "true",
  CROSSDOCK_ALLOW_SOURCES: "**",
  CROSSDOCK_ALLOW_DESTINATIONS: "**",
  CROSSDOCK_ALLOW_PRIVATE: "127.0.0.1",
};

async function prepareServer(
  { server }: ServerTool,
  { action }: Scenario,
  cleanup: AsyncDisposableStack,
): Promise<Subject["run"]> {
  const { url, pid } = server === "deno"
    ? cleanup.use(await startProcess(denoRun, OPEN))
    : { ...cleanup.use(await startCrossdock({ durable: false })), pid: findChild("workerd") };
  return async (names): Promise<ProcessCost> => {
    const before = readUsage(pid);
    const startedAt = performance.now();
    const response = await fetch(`${url}/v1/copies`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ ...names, ...serverFieldsOf(action) }),
    });
    const text = await response.text();
    const seconds = (performance.now() - startedAt) / 1000;
    if (!response.ok || text.includes('"type":"error"')) throw new Error(text.slice(-2000));
    const { cpuSeconds, peakMiB } = readUsage(pid);
    return { seconds, cpuSeconds: cpuSeconds - before.cpuSeconds, peakMiB };
  };
}

function hostOf(name: string): string {
  return name.slice(0, name.indexOf("/"));
}
