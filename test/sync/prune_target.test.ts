import assert from "node:assert/strict";
import { test } from "node:test";
import { requireDeletion } from "../../src/registry/delete_tag.ts";
import { createLocalRunner, runRuleLocally } from "../../src/sync/local_rules.ts";
import type { PruneReport, RuleReport } from "../../src/sync/model.ts";
import { pruneTarget } from "../../src/sync/prune_target.ts";
import type { RunRuleOptions } from "../../src/sync/run_rule.ts";
import { runRules } from "../../src/sync/run_rules.ts";
import { startPair } from "../support/pair.ts";
import type { Pair } from "../support/pair.ts";
import { putImage } from "../support/image.ts";
import { NOW, parse, ruleOf } from "./setup.ts";

/** A source with `1` and `2` and a mirror that has `3` and `4`, too; `2` and `4` are the same image there. */
async function startMirror(options: Parameters<typeof startPair>[0] = {}): Promise<Pair> {
  const pair = await startPair(options);
  for (const [i, tag] of ["1", "2"].entries()) {
    await putImage(pair.source, "app", { tag, seed: i + 1 });
    await putImage(pair.destination, "app", { tag, seed: i + 1 });
  }
  await putImage(pair.destination, "app", { tag: "3", seed: 3 });
  await putImage(pair.destination, "app", { tag: "4", seed: 2 });
  return pair;
}

async function prune(
  { source, destination, engine }: Pair,
  how: string,
  options: Partial<RunRuleOptions> = {},
): Promise<RuleReport> {
  const rule = ruleOf(
    `{type: repository, source: "${source.host}/app", target: "${destination.host}/app", ${how}}`,
  );
  return await runRuleLocally(rule, { engine, rules: [rule], now: () => NOW, ...options });
}

function prunedOf({ pruned }: RuleReport): string[] {
  return pruned.map(({ destination, result }) =>
    `${destination.replace(/^[^/]*\//, "")} ${result}`
  );
}

const HALF = "prune: {maxShare: 0.5}";

test("runRule() deletes no tag without prune", async () => {
  await using pair = await startMirror();
  const report = await prune(pair, "tags: {allow: ['.*']}");
  assert.deepEqual(report.pruned, []);
  assert.deepEqual(pair.destination.tags("app"), ["1", "2", "3", "4"]);
  assert.equal(pair.destination.count({ path: "/tags/list" }), 0);
});

test("runRule() deletes tags that are no longer selected, and leaves others of their digest", async () => {
  await using pair = await startMirror();
  const report = await prune(pair, HALF);
  assert.deepEqual(prunedOf(report), ["app:3 deleted", "app:4 deleted"]);
  assert.deepEqual(pair.destination.tags("app"), ["1", "2"]);
  assert.ok(pair.destination.getManifest("app", "2"), "2 was the same image as 4");
});

test("runRule() of a dry run reports the tags that it would delete", async () => {
  await using pair = await startMirror();
  const report = await prune(pair, HALF, { dryRun: true });
  assert.deepEqual(prunedOf(report), ["app:3 would-delete", "app:4 would-delete"]);
  assert.equal(pair.destination.count({ method: "DELETE" }), 0);
  assert.deepEqual(pair.destination.tags("app"), ["1", "2", "3", "4"]);
});

test("runRule() deletes nothing where it would be more than the rule's share", async () => {
  await using pair = await startMirror();
  const report = await prune(pair, "prune: {maxShare: 0.25}");
  assert.deepEqual(prunedOf(report), ["app:3 held-back", "app:4 held-back"]);
  assert.match(
    report.warnings[0] ?? "",
    /2 of 4 tags are no longer selected, more than prune\.maxShare allows \(/,
  );
  assert.deepEqual(pair.destination.tags("app"), ["1", "2", "3", "4"]);
});

test("runRule() keeps tags that match a pattern", async () => {
  await using pair = await startMirror();
  assert.deepEqual(prunedOf(await prune(pair, "prune: {keep: ['3'], maxShare: 1}")), [
    "app:4 deleted",
  ]);
});

test("runRule() deletes nothing where the source cannot be listed, lost its tags, or answers nothing", async () => {
  await using pair = await startMirror();
  const fault = pair.source.fail({ path: "/tags/list", action: { status: 403 }, times: 9 });
  assert.equal((await prune(pair, "prune: {maxShare: 1}")).result, "all-failed");
  assert.ok(fault.hits > 0);
  pair.source.clearFaults();
  pair.source.fail({ path: "/manifests/", action: { status: 403 }, times: 99 });
  assert.equal(
    (await prune(pair, "prune: {maxShare: 1}, tags: {allow: ['1']}")).result,
    "all-failed",
  );
  pair.source.clearFaults();
  pair.source.deleteTag("app", "1");
  pair.source.deleteTag("app", "2");
  assert.equal((await prune(pair, "prune: {maxShare: 1}")).result, "ok");
  assert.equal(pair.destination.count({ method: "DELETE" }), 0);
  assert.deepEqual(pair.destination.tags("app"), ["1", "2", "3", "4"]);
});

test("runRules() keeps the tags of all rules that share a target", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const tags = ["v1.0", "v2.0"];
  for (const [seed, tag] of tags.entries()) await putImage(source, "app", { tag, seed });
  await putImage(source, "base", { tag: "1", seed: 7 });
  for (const tag of ["v1.gone", "v2.gone", "else"]) await putImage(destination, "app", { tag });
  const target = `${destination.host}/app`;
  const { config: { rules } } = parse(`sync:
- {name: one, type: repository, source: "${source.host}/app", target: "${target}", tags: {allow: ["v1.0"]}, prune: {maxShare: 1}}
- {name: two, type: repository, source: "${source.host}/app", target: "${target}", tags: {allow: ["v2.*"]}, prune: {maxShare: 1}}
- {name: stable, type: image, source: "${source.host}/base:1", target: "${target}:stable"}
`);
  const now = (): number => NOW;
  const runner = createLocalRunner({ engine, rules, now });
  const prunedBy = async (dryRun: boolean): Promise<string[][]> => {
    const report = await runRules(rules, runner, { now, dryRun });
    assert.equal(report.result, "ok");
    assert.deepEqual(report.rules.flatMap(({ warnings }) => warnings), []);
    return report.rules.map(prunedOf);
  };
  const gone = ["app:else", "app:v1.gone"];
  // The second rule would select v2.gone again if it came back, and so nobody but that rule may delete it.
  assert.deepEqual(await prunedBy(true), [
    gone.map((tag) => `${tag} would-delete`),
    [...gone, "app:v2.gone"].map((tag) => `${tag} would-delete`),
    [],
  ]);
  assert.deepEqual(await prunedBy(false), [
    gone.map((tag) => `${tag} deleted`),
    ["app:v2.gone deleted"],
    [],
  ]);
  assert.deepEqual(destination.tags("app"), ["stable", "v1.0", "v2.0"]);
  assert.deepEqual((await prunedBy(false)).flat(), []);
});

test("runRule() warns once that it keeps tags that may be backups of another rule", async () => {
  await using pair = await startMirror();
  const { destination } = pair;
  const names = ["app", "copy"].map((name) => `${destination.host}/${name}`);
  for (const tag of ["1", "old-3", "old-4"]) await putImage(destination, "copy", { tag });
  const { config: { rules } } = parse(`sync:
- {name: one, type: repository, source: "${pair.source.host}/app", targets: ["${
    names.join('", "')
  }"], prune: {maxShare: 1}}
- {name: two, type: image, source: "r.example/x:1", targets: ["${
    names.map((name) => `${name}:4`).join('", "')
  }"], backup: "old-{{ .Ref.Tag }}"}
`);
  const [rule] = rules;
  assert.ok(rule);
  await putImage(destination, "app", { tag: "old-4", seed: 5 });
  const report = await runRuleLocally(rule, { engine: pair.engine, rules, now: () => NOW });
  assert.deepEqual(prunedOf(report), ["app:3 deleted"]);
  assert.deepEqual(report.warnings, [
    'tags that the rule "two" may write are not pruned, because their names come from its template ' +
    "for backup or targetTag; add a pattern for them to prune.keep",
  ]);
  assert.deepEqual(destination.tags("copy"), ["1", "2", "old-3", "old-4"]);
  const keeping = { ...rule, prune: { keep: ["old-.*"], maxShare: 1 } };
  const quiet = await runRuleLocally(keeping, { engine: pair.engine, rules, now: () => NOW });
  assert.deepEqual([quiet.warnings, prunedOf(quiet)], [[], []]);
});

test("runRule() keeps tags that the targetTag of another rule may write", async () => {
  await using pair = await startMirror();
  const { destination, source } = pair;
  for (const tag of ["5-edge", "5"]) await putImage(destination, "app", { tag, seed: 9 });
  const { config: { rules } } = parse(`sync:
- {name: one, type: repository, source: "${source.host}/app", target: "${destination.host}/app", prune: {maxShare: 1}}
- {name: two, type: repository, source: "r.example/x", target: "${destination.host}/app", targetTag: "{{ .Source.Tag }}-edge"}
`);
  const [rule] = rules;
  assert.ok(rule);
  const report = await runRuleLocally(rule, { engine: pair.engine, rules, now: () => NOW });
  assert.ok(destination.tags("app").includes("5-edge"));
  assert.ok(!destination.tags("app").includes("5"));
  assert.match(report.warnings.join(), /tags that the rule "two" may write are not pruned/);
});

for (
  const [name, options] of [
    ["with missing", { missing: true }],
    ["of what an event told", { only: { repository: "" } }],
  ] as const
) {
  test(`runRule() ${name} deletes nothing`, async () => {
    await using pair = await startMirror();
    const only = "only" in options ? { only: { repository: `${pair.source.host}/app` } } : {};
    assert.deepEqual((await prune(pair, HALF, { ...options, ...only })).pruned, []);
    assert.deepEqual(pair.destination.tags("app"), ["1", "2", "3", "4"]);
  });
}

for (const status of [400, 404, 405]) {
  test(`runRule() deletes tags where the registry answers ${status} and deletes by digest alone`, async () => {
    await using pair = await startMirror();
    pair.destination.fail({
      method: "DELETE",
      path: /manifests\/[0-9]+$/,
      times: 99,
      action: { status },
    });
    const report = await prune(pair, HALF);
    assert.deepEqual(prunedOf(report), ["app:3 deleted", "app:4 deleted"]);
    assert.deepEqual(pair.destination.tags("app"), ["1", "2"]);
    assert.ok(pair.destination.getManifest("app", "2"), "2 was the same image as 4");
  });
}

test("runRule() keeps tags in a registry without deletion, after one request", async () => {
  await using pair = await startMirror({ destination: { deletable: false } });
  const before = pair.destination.getManifest("app", "3")?.digest;
  const report = await prune(pair, HALF);
  assert.deepEqual(prunedOf(report), ["app:3 failed"]);
  assert.equal(report.pruned[0]?.error?.code, "unsupported");
  assert.equal(report.result, "some-failed");
  assert.deepEqual(pair.destination.tags("app"), ["1", "2", "3", "4"]);
  assert.equal(pair.destination.getManifest("app", "3")?.digest, before);
  assert.equal(pair.destination.count({ method: "DELETE" }), 2);
});

test("runRule() puts a tag back where the last step of deleting it fails", async () => {
  await using pair = await startMirror();
  const before = pair.destination.getManifest("app", "3")?.digest;
  const { destination } = pair;
  destination.fail({
    method: "DELETE",
    path: /manifests\/[0-9]+$/,
    times: 9,
    action: { status: 405 },
  });
  destination.fail({
    method: "DELETE",
    path: "/manifests/sha256:",
    after: 1,
    times: 9,
    action: { status: 403 },
  });
  const report = await prune(pair, "prune: {keep: ['4'], maxShare: 1}");
  assert.deepEqual(prunedOf(report), ["app:3 failed"]);
  assert.equal(report.pruned[0]?.error?.code, "denied");
  assert.equal(destination.getManifest("app", "3")?.digest, before);
});

const PAGE_OF_ONE = JSON.stringify({ tags: ["1"] });

for (
  const [name, link, second] of [
    ["has a Link that cannot be read", "</v2/app/tags/list?page=2>", PAGE_OF_ONE],
    ["links to itself", `<?n=1000>; rel="next"`, PAGE_OF_ONE],
    ["leads in circles", `<?page=2>; rel="next"`, PAGE_OF_ONE],
    ["has lost its second page", `<?page=2>; rel="next"`, undefined],
  ] as const
) {
  test(`runRule() deletes nothing where the list of the source ${name}`, async () => {
    await using pair = await startMirror();
    const { source, destination } = pair;
    const headers = { link };
    source.fail({ path: "/tags/list", action: { status: 200, body: PAGE_OF_ONE, headers } });
    const action = second === undefined ? { status: 404 } : { status: 200, body: second, headers };
    // Some of these lists end before a second page is requested.
    source.fail({ path: "/tags/list", action, times: 9, optional: true });
    const report = await prune(pair, "prune: {maxShare: 1}");
    assert.equal(report.result, "all-failed");
    assert.deepEqual(destination.tags("app"), ["1", "2", "3", "4"]);
  });
}

test("runRule() of a registry deletes nothing where a repository has lost its second page", async () => {
  await using pair = await startMirror();
  const { source, destination, engine } = pair;
  const headers = { link: `<?page=2>; rel="next"` };
  source.fail({ path: "/tags/list", action: { status: 200, body: PAGE_OF_ONE, headers } });
  source.fail({ path: "/tags/list", action: { status: 404 }, times: 9 });
  const rule = ruleOf(
    `{type: registry, source: "${source.host}", target: "${destination.host}", prune: {maxShare: 1}}`,
  );
  const report = await runRuleLocally(rule, { engine, rules: [rule], now: () => NOW });
  assert.equal(report.result, "all-failed");
  assert.deepEqual(destination.tags("app"), ["1", "2", "3", "4"]);
});

test("runRule() deletes nothing where the list of the target may be incomplete", async () => {
  await using pair = await startMirror();
  const body = JSON.stringify({ tags: ["1", "3"] });
  const headers = { link: "<?page=2>" };
  pair.destination.fail({ path: "/tags/list", action: { status: 200, body, headers }, times: 9 });
  const report = await prune(pair, "prune: {maxShare: 1}");
  assert.match(report.warnings.join("\n"), /may be incomplete: its Link header cannot be read/);
  assert.deepEqual(pair.destination.tags("app"), ["1", "2", "3", "4"]);
});

test("runRule() has nothing to prune where the mirror is not there yet", async () => {
  await using pair = await startPair();
  await putImage(pair.source, "app", { tag: "1" });
  const report = await prune(pair, HALF, { dryRun: true });
  assert.deepEqual([report.pruned, report.warnings], [[], []]);
});

for (const dryRun of [true, false]) {
  test(`pruneTarget() ${dryRun ? "of a dry run " : ""}fails without a request where the registry is known to delete nothing`, async () => {
    const rule = ruleOf(
      "{type: repository, source: a.example/app, target: ghcr.io/a/app, prune: {}}",
    );
    const reports = await pruneTarget("ghcr.io/a/app", {
      rule,
      rules: [rule],
      source: "a.example/app",
      selected: ["1"],
      tooFresh: [],
      dryRun,
      warn: () => assert.fail("a warning"),
      batch: {
        async *tags(): AsyncGenerator<string[]> {
          yield await Promise.resolve(["1", "2"]);
        },
        deleteTag: () => assert.fail("a deletion"),
        requireDeletion,
      },
    });
    assert.equal(reports.length, 1);
    const [{ destination, result, error }] = reports as [PruneReport];
    assert.deepEqual([destination, result, error?.code], [
      "ghcr.io/a/app:2",
      "failed",
      "unsupported",
    ]);
    assert.match(error?.message ?? "", /ghcr\.io deletes neither tags nor manifests$/);
  });
}
