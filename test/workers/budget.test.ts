/** Compares budgets with what copies need in a real workerd: requests at the registries, calls of the Worker, and stored steps. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Bounds, Budget, BudgetWay } from "../../src/budget/model.ts";
import type { Plan } from "../../src/copy/model.ts";
import { putImage, putIndex, putReferrer } from "../support/image.ts";
import type { PutImage } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";
import type { RegistryOptions, RunningRegistry } from "../support/registry.ts";
import { startCrossdock } from "./support.ts";
import type { RunningWorker } from "./support.ts";

interface Scenario {
  readonly what: string;
  /** Whether the registries behave as the lower bound assumes, but without tokens. Default: no. */
  readonly isPlain?: boolean;
  /** Whether source and destination are repositories of one registry. Default: no. */
  readonly isOneRegistry?: boolean;
  put(source: RunningRegistry, destination: RunningRegistry): Promise<unknown>;
  readonly source?: RegistryOptions;
  readonly destination?: RegistryOptions;
}

const USER = { user: "password" };
const TOKENS: RegistryOptions = { auth: { type: "bearer", users: USER } };
const PLATFORMS = ["linux/amd64", "linux/arm64", "linux/s390x"];
const MIB = 1024 * 1024;

const small = (source: RunningRegistry): Promise<PutImage> =>
  putImage(source, "app", { tag: "1", layers: 3 });
const multi = (source: RunningRegistry): Promise<unknown> =>
  putIndex(source, "app", { tag: "1", platforms: PLATFORMS });

async function signed(source: RunningRegistry): Promise<void> {
  const { descriptor } = await small(source);
  for (const payload of ["a", "b"]) {
    await putReferrer(source, "app", descriptor, { artifactType: "application/x-test", payload });
  }
}

/** The repositories that the tests copy to. */
const REPOSITORIES = ["inline", "durable", "steps"];

const SCENARIOS: readonly Scenario[] = [
  { what: "a small image", isPlain: true, put: small },
  {
    what: "an image of 40 layers",
    isPlain: true,
    put: (source) => putImage(source, "app", { tag: "1", layers: 40 }),
  },
  { what: "an image of three platforms", isPlain: true, put: multi },
  {
    what: "an image that is there, with tokens on both sides",
    source: TOKENS,
    destination: TOKENS,
    async put(source, destination): Promise<void> {
      await small(source);
      for (const name of REPOSITORIES) await putImage(destination, name, { tag: "1", layers: 3 });
    },
  },
  {
    what: "an image whose tag is at another one, with tokens on both sides",
    source: TOKENS,
    destination: TOKENS,
    async put(source, destination): Promise<void> {
      await small(source);
      for (const name of REPOSITORIES) {
        await putImage(destination, name, { tag: "1", layers: 3, seed: 2 });
      }
    },
  },
  { what: "an image that is mounted", isOneRegistry: true, put: small },
  {
    what: "an image with referrers",
    put: signed,
  },
  {
    what: "an image with referrers, and a destination without the referrers API",
    put: signed,
    destination: { referrers: false },
  },
  {
    what: "a registry that redirects downloads",
    async put(source): Promise<void> {
      await small(source);
      await putImage(source, "cdn", { layers: 3 });
      source.fail({
        method: "GET",
        path: /^\/v2\/app\/blobs\//,
        times: Infinity,
        action: { redirect: ({ url }) => url.replace("/app/", "/cdn/") },
      });
    },
  },
  {
    what: "a small image, with tokens on both sides",
    put: small,
    source: TOKENS,
    destination: TOKENS,
  },
  {
    what: "three platforms, with tokens on both sides",
    put: multi,
    source: TOKENS,
    destination: TOKENS,
  },
  {
    what: "a layer of 9 MiB, whose digest the destination must be tried for",
    put: (source) => putImage(source, "app", { tag: "1", layers: 1, layerBytes: 9 * MIB }),
  },
  {
    what: "a registry that needs a HEAD and a POST for each blob",
    put: small,
    destination: { selfMount: false, distributionLike: false, referrers: false },
  },
];

interface Setting extends AsyncDisposable {
  readonly worker: RunningWorker;
  requestTo(repository: string): { readonly source: string; readonly destination: string };
  /** Requests that both registries have got, those for tokens too. */
  count(): number;
}

async function start(
  { put, source: from, destination: to, isOneRegistry }: Scenario,
): Promise<Setting> {
  const source = await startRegistry(from);
  const destination = isOneRegistry ? source : await startRegistry(to);
  await put(source, destination);
  const auth = { auth: btoa("user:password") };
  // The Worker is new, so that it has no tokens and knows nothing about the registries.
  const worker = await startCrossdock({
    variables: {
      CROSSDOCK_RETRIES: "0",
      ...(from?.auth
        ? {
          CROSSDOCK_REGISTRY_AUTH: JSON.stringify({
            auths: { [source.host]: auth, [destination.host]: auth },
          }),
        }
        : {}),
    },
  });
  return {
    worker,
    requestTo: (repository) => ({
      source: `${source.host}/app:1`,
      destination: `${destination.host}/${repository}:1`,
    }),
    count: () => [...new Set([source, destination])].reduce((sum, one) => sum + one.count(), 0),
    async [Symbol.asyncDispose](): Promise<void> {
      await worker[Symbol.asyncDispose]();
      await Promise.all([...new Set([source, destination])].map((one) => one.close()));
    },
  };
}

/** Calls a function and returns the number of requests that the registries got meanwhile. */
async function measure({ count }: Setting, call: () => Promise<unknown>): Promise<number> {
  const before = count();
  await call();
  return count() - before;
}

function assertWithin(amount: number, { atLeast, atMost }: Bounds, what: string): void {
  assert.ok(
    atLeast <= amount && amount <= atMost,
    `${what}: ${amount}, expected ${atLeast} to ${atMost}`,
  );
}

async function plan(
  { worker, requestTo }: Setting,
  repository: string,
): Promise<{ readonly plan: Plan; readonly inline: BudgetWay; readonly durable: BudgetWay }> {
  const body = { ...requestTo(repository), budget: "workers-free" };
  const { status, json } = await worker.ask("POST", "/v1/plans", body);
  assert.equal(status, 200, JSON.stringify(json));
  const { ways: [inline, durable] } = json.budget as Budget;
  assert.ok(inline && durable);
  return { plan: json, inline, durable };
}

async function copyInline({ worker }: Setting, request: object): Promise<void> {
  const response = await fetch(new URL("/v1/copies", worker.url), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(request),
  });
  assert.match(await response.text(), /"type":"report"/);
}

for (const scenario of SCENARIOS) {
  test(`estimateBudget() bounds what a copy within its request needs: ${scenario.what}`, async () => {
    await using setting = await start(scenario);
    // A copy without a plan before it: the isolate has no tokens.
    await using unused = await start(scenario);
    const { inline } = await plan(setting, "inline");
    const { subrequests, invocations } = inline.needs;
    for (const [one, what] of [[setting, "after the plan"], [unused, "without a plan"]] as const) {
      const sent = await measure(one, () => copyInline(one, one.requestTo("inline")));
      assertWithin(sent, subrequests, `requests ${what}`);
      // The lower bound leaves out two requests that are rejected for lack of a token.
      if (scenario.isPlain) assert.equal(sent, subrequests.atLeast + 2);
      const copies = one.worker.lines.filter(({ path }) => path === "/v1/copies");
      assert.equal(copies.length, invocations.atMost);
    }
  });

  test(`estimateBudget() bounds what a Workflow needs: ${scenario.what}`, async () => {
    await using setting = await start(scenario);
    const { worker, requestTo } = setting;
    const { needs } = (await plan(setting, "durable")).durable;
    let id = "";
    const sent = await measure(setting, async () => {
      id = await worker.start(requestTo("durable"));
      const { problem } = await worker.reach(id, "complete", "failed");
      assert.equal(problem, undefined);
    });
    assertWithin(sent, needs.subrequests, "requests");
    assert.equal(worker.countSteps(), needs.steps.atLeast);
    assert.equal(worker.countSteps(), needs.steps.atMost);
    const calls = worker.lines.filter(({ requestId }) => requestId === id).length;
    assert.equal(calls, needs.workflowCalls.atMost);
    // The start of the copy, and the Workflow.
    assert.equal(calls + 2, needs.invocations.atMost);
  });

  test(`estimateBudget() bounds the requests of each invocation: ${scenario.what}`, async () => {
    await using setting = await start(scenario);
    const { worker, requestTo } = setting;
    const { plan: planned, durable } = await plan(setting, "steps");
    const ask = async (path: string, body: unknown): Promise<void> => {
      const { status, json } = await worker.ask("POST", path, body);
      assert.equal(status, 200, JSON.stringify(json));
    };
    const sent = [
      await measure(
        setting,
        () => ask("/v1/plans?survey=false&manifests=true", requestTo("steps")),
      ),
    ];
    for (const step of planned.stages.flatMap(({ steps }) => steps)) {
      sent.push(await measure(setting, () => ask("/v1/steps", step)));
    }
    assertWithin(Math.max(...sent), durable.needs.subrequestsPerInvocation, "largest invocation");
  });
}
