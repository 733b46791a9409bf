import type { CopyEvent } from "../copy/model.ts";
import type { PruneReport, RuleReport, TagReport } from "./rule_report.ts";

/** What a run of a rule tells while it works. Plain JSON, no secret. */
export type SyncEvent =
  | { type: "rule-started"; rule: string }
  /** What the engine tells of one copy. */
  | { type: "copy"; rule: string; source: string; destination: string; event: CopyEvent }
  | { type: "tag-ended"; rule: string; tag: TagReport }
  | { type: "prune-ended"; rule: string; pruned: PruneReport }
  | { type: "warning"; rule: string; message: string }
  /** Always the last. */
  | { type: "rule-ended"; report: RuleReport };

/** Takes events as they happen. It must not throw. */
export type EmitSync = (event: SyncEvent) => void;
