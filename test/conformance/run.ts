/**
 * Runs the conformance suite of the OCI distribution-spec against the embedded registry:
 * `deno run -A test/conformance/run.ts`. Needs Go, once, to install the suite; reports go to `.cache/conformance`.
 *
 * Exits with 1 unless every test of every run passed: none failed, was skipped or was disabled.
 */

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { startRegistry } from "../support/registry.ts";
import type { RegistryOptions } from "../support/registry.ts";

const CACHE = fileURLToPath(new URL("../../.cache/", import.meta.url));
const SUITE = `${CACHE}bin/conformance`;
const PACKAGE = "github.com/opencontainers/distribution-spec/conformance@latest";
const PASSWORD = "conformance";

interface Run {
  readonly name: string;
  readonly options: RegistryOptions;
  readonly environment: Readonly<Record<string, string>>;
}

/** Enables all tests of the suite. Its defaults enable those of the next version of the spec. */
const EVERYTHING = { OCI_VERSION: "dev", OCI_TLS: "disabled", OCI_DATA_SPARSE: "true" };

const RUNS: readonly Run[] = [
  {
    // A strict registry rejects sparse manifests, which the spec permits.
    name: "defaults",
    options: {},
    environment: { OCI_DATA_SPARSE: "false" },
  },
  {
    name: "bearer-lenient",
    options: {
      strictManifests: false,
      auth: { type: "bearer", users: { conformance: PASSWORD } },
    },
    environment: { OCI_USERNAME: "conformance", OCI_PASSWORD: PASSWORD },
  },
  {
    name: "basic-relative-chunks",
    options: {
      strictManifests: false,
      distributionLike: false,
      location: "relative",
      minChunkBytes: 2048,
      auth: { type: "basic", users: { conformance: PASSWORD } },
    },
    environment: { OCI_USERNAME: "conformance", OCI_PASSWORD: PASSWORD },
  },
];

interface Counts {
  tests: number;
  passed: number;
  failed: number;
  skipped: number;
  disabled: number;
}

async function main(): Promise<number> {
  if (!existsSync(SUITE)) await installSuite();
  const all: Counts[] = [];
  for (const run of RUNS) {
    const counts = await runSuite(run);
    say(`${run.name}: ${describe(counts)}`);
    all.push(counts);
  }
  const total = all.reduce(add);
  say(`conformance: ${all.length} runs, ${describe(total)}`);
  return total.tests > 0 && total.passed === total.tests ? 0 : 1;
}

async function installSuite(): Promise<void> {
  await mkdir(CACHE, { recursive: true });
  const environment = { GOBIN: `${CACHE}bin` };
  const { code, output } = await execute("go", ["install", PACKAGE], environment);
  if (code !== 0) throw new Error(`go install ${PACKAGE}: exit code ${code}\n${output}`);
}

/** Stores the reports and the output of the suite. Prints the output if a test did not pass. */
async function runSuite({ name, options, environment }: Run): Promise<Counts> {
  const results = `${CACHE}conformance/${name}`;
  await rm(results, { recursive: true, force: true });
  await mkdir(results, { recursive: true });
  await using registry = await startRegistry(options);
  const { code, output } = await execute(SUITE, [], {
    ...EVERYTHING,
    OCI_REGISTRY: registry.host,
    OCI_RESULTS_DIR: results,
    ...environment,
  });
  await writeFile(`${results}/output.txt`, output);
  const counts = readCounts(await readFile(`${results}/junit.xml`, "utf8"));
  if (code !== 0 || counts.passed !== counts.tests) say(output);
  // An exit code that the counts do not explain is a failure too.
  if (code !== 0 && counts.failed === 0) throw new Error(`${name}: exit code ${code}`);
  return counts;
}

/** The junit file starts with the totals. */
function readCounts(junit: string): Counts {
  const total = (attribute: string): number => {
    const text = new RegExp(`<testsuites[^>]* ${attribute}="(\\d+)"`).exec(junit)?.[1];
    return text === undefined ? 0 : Number(text);
  };
  const tests = total("tests");
  const failed = total("failures") + total("errors");
  const skipped = total("skipped");
  const disabled = total("disabled");
  return { tests, failed, skipped, disabled, passed: tests - failed - skipped - disabled };
}

function add(a: Counts, b: Counts): Counts {
  return {
    tests: a.tests + b.tests,
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
    disabled: a.disabled + b.disabled,
  };
}

function describe({ tests, passed, failed, skipped, disabled }: Counts): string {
  return `${tests} tests, ${passed} passed, ${failed} failed, ${skipped} skipped, ${disabled} disabled`;
}

function execute(
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: CACHE, // so that the suite finds no configuration file of ours
      env: { ...process.env, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    child.stdout.on("data", (chunk) => output += chunk);
    child.stderr.on("data", (chunk) => output += chunk);
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output }));
  });
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

process.exitCode = await main();
