import assert from "node:assert/strict";
import { test } from "node:test";
import type { SyncEvent } from "../../../src/sync/model.ts";
import { Slots } from "../../../src/copy/slots.ts";
import { startPair } from "../../support/pair.ts";
import { appRule, putTags, resultsOf, run } from "./setup.ts";

test("runRule() counts the requests of each side", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2");
  const { requests } = await run(appRule(pair), pair);
  const { source, destination } = pair;
  assert.deepEqual(requests, { source: source.count(), destination: destination.count() });
});

test("runRule() of an event compares only its tag", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2");
  const only = { repository: `${pair.source.host}/app`, tag: "2" };
  assert.deepEqual(resultsOf(await run(appRule(pair), pair, { only })), ["app:2 copied"]);
  assert.equal(pair.source.count({ path: "/tags/list" }), 0);
});

test("runRule() emits its events, and those of the engine with the names of the copy", async () => {
  await using pair = await startPair();
  await putTags(pair, "1");
  const events: SyncEvent[] = [];
  const rule = appRule(pair);
  const report = await run(rule, pair, { emit: (event) => events.push(event) });
  assert.deepEqual(events[0], { type: "rule-started", rule: rule.name });
  assert.deepEqual(events.at(-1), { type: "rule-ended", report });
  const ended = events.filter(({ type }) => type === "tag-ended");
  assert.deepEqual(ended, [{ type: "tag-ended", rule: rule.name, tag: report.tags[0] }]);
  const copies = events.filter((event) => event.type === "copy");
  assert.deepEqual(
    [...new Set(copies.map(({ source, destination }) => `${source} ${destination}`))],
    [`${pair.source.host}/app:1 ${pair.destination.host}/app:1`],
  );
  assert.equal(copies.at(-1)?.event.type, "report");
  assert.deepEqual(JSON.parse(JSON.stringify(events)), events);
});

test("runRule() says before the copies how many tags will end, for each target", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2", "3");
  const { host } = pair.destination;
  const rule = {
    ...appRule(pair),
    targets: [`${host}/a`, `${host}/b`],
    tagSets: [{ allow: ["1", "2", "9"], deny: [], semverRange: [] }],
  };
  const events: SyncEvent[] = [];
  await run(rule, pair, { emit: (event) => events.push(event) });
  const at = events.findIndex(({ type }) => type === "tags-selected");
  const repository = `${pair.source.host}/app`;
  assert.deepEqual(events[at], { type: "tags-selected", rule: rule.name, repository, count: 6 });
  assert.equal(events.slice(0, at).filter(({ type }) => type !== "rule-started").length, 0);
  assert.equal(events.filter(({ type }) => type === "tag-ended").length, 6);
});

test("runRule() stops when its signal is aborted", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2", "3");
  const stop = new AbortController();
  const reason = new Error("enough");
  const emit = (event: SyncEvent): void => {
    if (event.type === "tag-ended") stop.abort(reason);
  };
  const running = run(appRule(pair), pair, { emit, signal: stop.signal, slots: new Slots(1) });
  await assert.rejects(running, reason);
  assert.deepEqual(pair.destination.tags("app"), ["1"]);
});
