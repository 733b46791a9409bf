import type { RuleStatus } from "./rule_status.ts";
import type { SyncRule } from "./rule.ts";
export function statusOfRule(_rule: SyncRule, _options: unknown): Promise<RuleStatus> {
  throw new Error("to come");
}
