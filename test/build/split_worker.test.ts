import assert from "node:assert/strict";
import { test } from "node:test";
import { splitWorker } from "../../build/split_worker.ts";

const { metafile: { outputs } } = await splitWorker();

/** The inputs that are evaluated when the Worker starts without rules: those of the modules that imports without `import()` reach. */
const evaluated = listEvaluated();

function listEvaluated(): readonly string[] {
  const [main] = Object.keys(outputs).filter((name) => name.endsWith("/deployed_worker.js"));
  assert.ok(main);
  const seen = new Set([main]);
  for (const name of seen) {
    for (const { path, kind } of outputs[name]?.imports ?? []) {
      if (kind === "import-statement" && path in outputs) seen.add(path);
    }
  }
  return [...seen].flatMap((name) =>
    Object.entries(outputs[name]?.inputs ?? {}).filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      .map(([path]) => path)
  );
}

/** `zod` of `node_modules/.deno/zod@4.6.7/node_modules/zod/v4/core/core.js` */
function packageOf(path: string): string | undefined {
  return /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1];
}

test("the Worker evaluates few packages when it starts", () => {
  const packages = new Set(evaluated.flatMap((path) => packageOf(path) ?? []));
  assert.deepEqual([...packages].sort(), [
    "@opentelemetry/api",
    "hono",
    "ipaddr.js",
    "picomatch",
    "zod",
  ]);
});

/** Modules that run rules, and those of responses that only the client reads. */
const LATE = [
  "src/config/sync_config.ts",
  "src/config/read_yaml.ts",
  "src/config/schema.ts",
  "src/rules/compose_rules.ts",
  "src/rules/dispatch.ts",
  "src/rules/workflow_rule.ts",
  "src/sync/run_rule.ts",
  "src/sync/pattern.ts",
  "src/template/render.ts",
  "src/webhooks/incoming/receive.ts",
  "src/webhooks/outgoing/send.ts",
  "src/durable/durable_copy.ts",
  "src/budget/estimate.ts",
  "src/rules/rule_list.ts",
  "src/problem_schema.ts",
  "src/auth/sign_assertion.ts",
  "src/auth/sign_aws_request.ts",
];

const inputs = new Set(Object.values(outputs).flatMap((output) => Object.keys(output.inputs)));

for (const path of LATE) {
  test(`the Worker loads ${path} on use`, () => {
    assert.ok(inputs.has(path), "it is in no module");
    assert.ok(!evaluated.includes(path), "it is evaluated when the Worker starts");
  });
}

test("the Worker has no schemas of responses that only clients and the API document read", () => {
  for (const path of ["src/copy/schemas.ts", "src/durable/durable_copy_schema.ts"]) {
    assert.ok(!inputs.has(path), path);
  }
});
