import { createLocalRunner } from "../../src/sync/local_rules.ts";
/** What runs of rules give is what the schemas of `src/sync/schemas.ts` declare, and nothing besides. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import { syncEvents, syncReportSchema, syncStatusSchema } from "../../src/sync/schemas.ts";
import type { SyncEvent } from "../../src/sync/model.ts";
import { runRules, statusOfRules } from "../../src/sync/run_rules.ts";
import { startPair } from "../support/pair.ts";
import { putImage } from "../support/image.ts";
import { NOW, ruleOf } from "./setup.ts";

const syncEventSchema = z.discriminatedUnion("type", syncEvents);

test("the schemas of a sync parse the results of rules unchanged", async () => {
  await using pair = await startPair();
  const { engine, source, destination } = pair;
  for (const [i, tag] of ["1", "2"].entries()) await putImage(source, "app", { tag, seed: i });
  await putImage(destination, "app", { tag: "old", seed: 3 });
  const app = `source: "${source.host}/app", target: "${destination.host}/app"`;
  const rules = [
    ruleOf(`{name: app, type: repository, ${app}, prune: {maxShare: 0.9}}`),
    ruleOf(
      `{name: absent, type: image, source: "${source.host}/none:1", target: "${destination.host}/none:1"}`,
    ),
  ];
  const runner = createLocalRunner({ engine, rules, now: () => NOW });

  const status = await statusOfRules(rules, runner, {});
  assert.deepEqual(status.rules.map(({ state }) => state), ["behind", "error"]);
  assert.deepEqual(syncStatusSchema.parse(status), status);
  const events: SyncEvent[] = [];
  const emit = (event: SyncEvent): void => void events.push(event);
  for (const dryRun of [true, false]) {
    const report = await runRules(rules, runner, { now: () => NOW, dryRun, emit });
    assert.deepEqual(report.rules.map(({ result }) => result), ["ok", "all-failed"]);
    assert.deepEqual(syncReportSchema.parse(report), report);
  }
  const types = new Set<string>(events.map(({ type }) => type));
  assert.ok(["copy", "tag-ended", "prune-ended", "rule-ended"].every((type) => types.has(type)));
  for (const event of events) assert.deepEqual(syncEventSchema.parse(event), event);
});
