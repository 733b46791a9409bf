import assert from "node:assert/strict";
import { test } from "node:test";
import { createWorkflowRules } from "../../src/entries/workflow_rules.ts";
import type { RuleWorkflowBinding } from "../../src/entries/workflow_rules.ts";
import { parseConfig } from "../../src/config/parse_config.ts";
import type { DurableRuleRun } from "../../src/rules/workflow_rule.ts";
import type { SyncRule } from "../../src/sync/rule.ts";

const [RULE, OTHER] = parseConfig({
  CROSSDOCK_CONFIG: `
sync:
  - {name: a, type: repository, source: r.example/a, target: m.example/a, prune: {}}
  - {name: b, type: repository, source: r.example/b, target: m.example/b}
`,
}).sync.rules as [SyncRule, SyncRule];

interface FakeInstance {
  status: string;
  output?: unknown;
  readonly params: DurableRuleRun;
}

/** A Workflow as the platform has it, whose instances do not move by themselves. */
function fakeWorkflow(): RuleWorkflowBinding & {
  readonly calls: string[];
  readonly instances: Map<string, FakeInstance>;
} {
  const calls: string[] = [];
  const instances = new Map<string, FakeInstance>();
  return {
    calls,
    instances,
    async create({ id, params }): Promise<void> {
      await Promise.resolve();
      if (instances.has(id)) throw new Error("(instance.already_exists) Provided id exists");
      instances.set(id, { status: "queued", params });
      calls.push("create");
    },
    async get(id): ReturnType<RuleWorkflowBinding["get"]> {
      await Promise.resolve();
      const instance = instances.get(id);
      if (!instance) throw new Error("(instance.not_found) Provided id does not exist");
      return {
        status: () => Promise.resolve(instance),
        async restart(): Promise<void> {
          await Promise.resolve();
          Object.assign(instance, { status: "queued", output: undefined });
          calls.push("restart");
        },
        sendEvent: () => Promise.resolve(),
      };
    },
  };
}

test("start() creates one instance of a whole rule, and none beside it while it runs", async () => {
  const workflow = fakeWorkflow();
  const rules = createWorkflowRules(workflow);
  const first = await rules.start({ rule: RULE, at: 1000 });
  assert.match(first.id, /^[0-9a-f]{64}$/);
  assert.equal(first.state, "started");
  const [instance] = workflow.instances.values();
  assert.deepEqual(instance?.params, { rule: "a" });
  for (const status of ["queued", "running", "waiting", "paused"]) {
    instance.status = status;
    for (const at of [1000, 2000, 90_000_000]) {
      assert.deepEqual(await rules.start({ rule: RULE, at }), { ...first, state: "running" });
    }
  }
  assert.deepEqual(workflow.calls, ["create"]);
  assert.equal((await rules.start({ rule: OTHER, at: 2000 })).state, "started");
});

test("start() begins a rule again that has ended, but for a tick from before its run began", async () => {
  const workflow = fakeWorkflow();
  const rules = createWorkflowRules(workflow);
  const { id } = await rules.start({ rule: RULE, at: 1000 });
  const [instance] = workflow.instances.values();
  assert.ok(instance);
  Object.assign(instance, { status: "complete", output: { startedAt: 1500 } });
  assert.deepEqual(await rules.start({ rule: RULE, at: 1000 }), { id, state: "done" });
  assert.deepEqual(await rules.start({ rule: RULE, at: 2000 }), { id, state: "started" });
  for (const status of ["errored", "terminated"]) {
    instance.status = status;
    assert.deepEqual(await rules.start({ rule: RULE, at: 2000 }), { id, state: "started" });
  }
  assert.deepEqual(workflow.calls, ["create", "restart", "restart", "restart"]);
});

test("start() combines two calls at the same time", async () => {
  const workflow = fakeWorkflow();
  const rules = createWorkflowRules(workflow);
  const run = { rule: RULE, at: 1000 };
  const [a, b] = await Promise.all([rules.start(run), rules.start(run)]);
  assert.equal(a.id, b.id);
  assert.deepEqual(workflow.calls, ["create"]);
});

test("start() creates an instance for each event of a repository", async () => {
  const workflow = fakeWorkflow();
  const rules = createWorkflowRules(workflow);
  const only = { repository: "r.example/a" };
  const ids = new Set<string>();
  for (const at of [1000, 1000, 2000]) {
    ids.add((await rules.start({ rule: RULE, at, only, after: 5000 })).id);
  }
  assert.equal(ids.size, 2);
  const [instance] = workflow.instances.values();
  assert.deepEqual(instance?.params, { rule: "a", only, after: 5000 });
});

test("start() rejects with the platform's error", async () => {
  const refused = new Error("no more instances today");
  const rules = createWorkflowRules({
    ...fakeWorkflow(),
    create: () => Promise.reject(refused),
  });
  await assert.rejects(rules.start({ rule: RULE, at: 1000 }), refused);
});

test("start() keeps a run of missing tags apart from a whole run", async () => {
  const workflow = fakeWorkflow();
  const rules = createWorkflowRules(workflow);
  const whole = await rules.start({ rule: RULE, at: 1000 });
  const missing = await rules.start({ rule: RULE, at: 1000, missing: true });
  assert.notEqual(missing.id, whole.id);
  assert.deepEqual(workflow.instances.get(missing.id)?.params, { rule: "a", missing: true });
});
