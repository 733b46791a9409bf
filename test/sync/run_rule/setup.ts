import { runRuleLocally } from "../../../src/sync/local_rules.ts";
import type { RuleContextOptions } from "../../../src/sync/rule_context.ts";
import type { RunRuleOptions } from "../../../src/sync/run_rule.ts";
import type { RuleReport } from "../../../src/sync/model.ts";
import type { SyncRule } from "../../../src/sync/rule.ts";
import type { Pair } from "../../support/pair.ts";
import { putImage } from "../../support/image.ts";
import { NOW, ruleOf } from "../setup.ts";

const WRITES = ["POST", "PUT", "PATCH", "DELETE"];

export function run(
  rule: SyncRule,
  { engine }: Pick<Pair, "engine">,
  options: Partial<RuleContextOptions & RunRuleOptions> = {},
): Promise<RuleReport> {
  return runRuleLocally(rule, { engine, rules: [rule], now: () => NOW, ...options });
}

/** A rule that copies `app`. `more` is added to its entry. */
export function appRule({ source, destination }: Pair, more = ""): SyncRule {
  return ruleOf(
    `{type: repository, source: "${source.host}/app", target: "${destination.host}/app"${more}}`,
  );
}

/** `repository:tag result` of each image. */
export function resultsOf({ tags }: RuleReport): string[] {
  return tags.map(({ destination, result }) => `${destination.replace(/^[^/]*\//, "")} ${result}`);
}

export async function putTags({ source }: Pick<Pair, "source">, ...tags: string[]): Promise<void> {
  for (const [i, tag] of tags.entries()) await putImage(source, "app", { tag, seed: i + 1 });
}

export function clear({ source, destination }: Pair): void {
  source.clearRequests();
  destination.clearRequests();
}

export function writesOf({ destination }: Pair): number {
  return WRITES.reduce((sum, method) => sum + destination.count({ method }), 0);
}
