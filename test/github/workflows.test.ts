import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Workflow {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly jobs: Readonly<
    Record<
      string,
      {
        readonly "timeout-minutes"?: number;
        readonly permissions?: Readonly<Record<string, string>>;
        readonly steps: readonly Step[];
      }
    >
  >;
}

const names = readdirSync(join(ROOT, ".github/workflows"));
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

for (const name of names) {
  const text = read(`.github/workflows/${name}`);
  const { permissions, jobs }: Workflow = parse(text);
  const steps = Object.values(jobs).flatMap((job) => job.steps);

  test(`${name} pins each action by a commit, and names its version`, () => {
    const uses = text.split("\n").filter((line) => /^ *(- )?uses:/.test(line));
    assert.ok(uses.length > 0);
    const pinned = /uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/;
    assert.deepEqual(uses.filter((line) => !pinned.test(line)), []);
  });

  test(`${name} gives no job more than it needs by default, and each a limit of time`, () => {
    assert.deepEqual(permissions, { contents: "read" });
    for (const [id, job] of Object.entries(jobs)) assert.ok(job["timeout-minutes"], id);
  });

  test(`${name} has no expression in a script, and keeps no token in the clone`, () => {
    assert.deepEqual(steps.filter(({ run }) => run?.includes("${{")), []);
    const clones = steps.filter(({ uses }) => uses?.startsWith("actions/checkout@"));
    assert.deepEqual(clones.filter((step) => step.with?.["persist-credentials"] !== false), []);
  });

  test(`${name} uses the version of Deno of the Dockerfile`, () => {
    const [, expected] = /^ARG DENO_VERSION=(.+)$/m.exec(read("Dockerfile")) ?? [];
    const versions = steps.flatMap((step) => step.with?.["deno-version"] ?? []);
    assert.ok(versions.length > 0);
    assert.deepEqual(versions.filter((version) => version !== expected), []);
  });
}

test("the jobs of release.yml that may publish run no code of dependencies", () => {
  const { jobs }: Workflow = parse(read(".github/workflows/release.yml"));
  const publishing = Object.values(jobs).filter(({ permissions }) => permissions);
  assert.equal(publishing.length, 4);
  const tasks = publishing.flatMap(({ steps }) => steps)
    .flatMap(({ run }) => run?.match(/deno (?:task|run)|npm \w+/g) ?? []);
  assert.deepEqual(tasks, ["npm publish"]);
});
