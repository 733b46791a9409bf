import assert from "node:assert/strict";
import { test } from "node:test";
import { createWorkflowCopies } from "../../src/entries/workflow_copies.ts";
import type { CopyParams, WorkflowBinding } from "../../src/entries/workflow_copies.ts";
import { CopyFailure } from "../../src/durable/copy_failure.ts";
import { copyId } from "../../src/durable/durable_copies.ts";
import type { DurableCopy } from "../../src/durable/durable_copies.ts";
import { RequestError } from "../../src/problem.ts";

const REQUEST = {
  source: `r.example/app:1@sha256:${"a".repeat(64)}`,
  destination: "m.example/app:1",
};
const ID = await copyId(REQUEST);

interface FakeInstance {
  status: string;
  output?: unknown;
  error?: { message: string };
  params?: CopyParams;
}

/** A Workflow as the platform has it, whose instances do not move by themselves. */
function fakeWorkflow(
  instances: Record<string, FakeInstance> = {},
): WorkflowBinding & { calls: string[]; instances: Record<string, FakeInstance> } {
  const calls: string[] = [];
  return {
    calls,
    instances,
    async create({ id, params }): Promise<void> {
      await Promise.resolve();
      if (instances[id]) throw new Error("(instance.already_exists) Provided id already exists");
      instances[id] = { status: "queued", params };
      calls.push("create");
    },
    async get(id): ReturnType<WorkflowBinding["get"]> {
      await Promise.resolve();
      const instance = instances[id];
      if (!instance) throw new Error("(instance.not_found) Provided id does not exist");
      return {
        status: () => Promise.resolve(instance),
        async restart(): Promise<void> {
          await Promise.resolve();
          instance.status = "queued";
          calls.push("restart");
        },
        sendEvent: () => Promise.resolve(),
        async terminate(): Promise<void> {
          await Promise.resolve();
          instance.status = "terminated";
          calls.push("terminate");
        },
      };
    },
  };
}

test("start() creates an instance under the copy's id", async () => {
  const workflow = fakeWorkflow();
  const copy = await createWorkflowCopies(workflow).start(REQUEST);
  assert.deepEqual(copy, { id: ID, state: "queued" });
  assert.deepEqual(workflow.instances[ID]?.params, { request: REQUEST });
});

test("start() keeps the rule that wants the copy, which is no part of its id", async () => {
  const workflow = fakeWorkflow();
  const copy = await createWorkflowCopies(workflow).start(REQUEST, { rule: "apps" });
  assert.equal(copy.id, ID);
  assert.deepEqual(workflow.instances[ID]?.params, { request: REQUEST, rule: "apps" });
});

test("start() twice at once creates one instance", async () => {
  const workflow = fakeWorkflow();
  const { start } = createWorkflowCopies(workflow);
  const copies = await Promise.all([start(REQUEST), start(REQUEST)]);
  assert.deepEqual(copies.map(({ id }) => id), [ID, ID]);
  assert.deepEqual(workflow.calls, ["create"]);
});

test("start() leaves an instance alone that runs", async () => {
  const workflow = fakeWorkflow({ [ID]: { status: "running" } });
  const copy = await createWorkflowCopies(workflow).start(REQUEST);
  assert.deepEqual(copy, { id: ID, state: "running" });
  assert.deepEqual(workflow.calls, []);
});

for (const status of ["complete", "errored", "terminated"]) {
  test(`start() begins an instance again that is ${status}`, async () => {
    const workflow = fakeWorkflow({ [ID]: { status } });
    const copy = await createWorkflowCopies(workflow).start(REQUEST);
    assert.deepEqual(copy, { id: ID, state: "queued" });
    assert.deepEqual(workflow.calls, ["restart"]);
  });
}

test("start() rejects with other errors", async () => {
  const broken: WorkflowBinding = {
    ...fakeWorkflow(),
    create: () => Promise.reject(new Error("(instance.rate_limited) Too many")),
  };
  await assert.rejects(createWorkflowCopies(broken).start(REQUEST), /rate_limited/);
});

const states: Readonly<Record<string, DurableCopy["state"]>> = {
  queued: "queued",
  running: "running",
  waiting: "running",
  paused: "running",
  waitingForPause: "running",
  rollingBack: "running",
  unknown: "running",
  complete: "complete",
  errored: "failed",
  terminated: "cancelled",
};

for (const [status, state] of Object.entries(states)) {
  test(`get() returns ${state} for an instance that is ${status}`, async () => {
    const copy = await createWorkflowCopies(fakeWorkflow({ [ID]: { status } })).get(ID);
    assert.equal(copy?.state, state);
  });
}

test("get() gives the report of a copy that is complete", async () => {
  const output = { result: "copied" };
  const workflow = fakeWorkflow({ [ID]: { status: "complete", output } });
  assert.deepEqual((await createWorkflowCopies(workflow).get(ID))?.report, output);
});

test("get() gives the problem that a copy failed with", async () => {
  const { problem } = new RequestError("denied", "not yours", { hint: "ask the owner" });
  const error = { message: `CopyFailure: ${new CopyFailure(problem).message}` };
  const workflow = fakeWorkflow({ [ID]: { status: "errored", error } });
  assert.deepEqual((await createWorkflowCopies(workflow).get(ID))?.problem, problem);
});

test("get() quotes the platform where that ended a copy", async () => {
  const error = { message: "Worker exceeded CPU time limit." };
  const workflow = fakeWorkflow({ [ID]: { status: "errored", error } });
  const copy = await createWorkflowCopies(workflow).get(ID);
  assert.equal(copy?.problem?.code, "aborted");
  assert.match(copy.problem.detail, /exceeded CPU time limit/);
});

test("get() and cancel() give nothing for an id that is not known", async () => {
  const { get, cancel } = createWorkflowCopies(fakeWorkflow());
  assert.equal(await get(ID), undefined);
  assert.equal(await cancel(ID), undefined);
});

test("get() rejects with other errors", async () => {
  const broken: WorkflowBinding = {
    ...fakeWorkflow(),
    get: () => Promise.reject(new Error("internal error")),
  };
  await assert.rejects(createWorkflowCopies(broken).get(ID), /internal error/);
});

test("cancel() terminates an instance that runs", async () => {
  const workflow = fakeWorkflow({ [ID]: { status: "running" } });
  const copy = await createWorkflowCopies(workflow).cancel(ID);
  assert.deepEqual(copy, { id: ID, state: "cancelled" });
});

test("cancel() returns the result of a copy that has just ended", async () => {
  const instance: FakeInstance = { status: "running" };
  const workflow = fakeWorkflow({ [ID]: instance });
  const late: WorkflowBinding = {
    ...workflow,
    async get(id): ReturnType<WorkflowBinding["get"]> {
      return {
        ...await workflow.get(id),
        status: () => Promise.resolve({ ...instance }),
        terminate: () => {
          instance.status = "complete";
          return Promise.reject(new Error("(instance.cannot_terminate) it has ended"));
        },
      };
    },
  };
  assert.equal((await createWorkflowCopies(late).cancel(ID))?.state, "complete");
});

test("cancel() rejects with other errors", async () => {
  const workflow = fakeWorkflow({ [ID]: { status: "running" } });
  const broken: WorkflowBinding = {
    ...workflow,
    async get(id): ReturnType<WorkflowBinding["get"]> {
      const terminate = (): Promise<never> => Promise.reject(new Error("internal error"));
      return { ...await workflow.get(id), terminate };
    },
  };
  await assert.rejects(createWorkflowCopies(broken).cancel(ID), /internal error/);
});

test("cancel() does not change a copy that has ended", async () => {
  const workflow = fakeWorkflow({ [ID]: { status: "complete", output: { result: "copied" } } });
  const copy = await createWorkflowCopies(workflow).cancel(ID);
  assert.equal(copy?.state, "complete");
  assert.deepEqual(workflow.calls, []);
});
