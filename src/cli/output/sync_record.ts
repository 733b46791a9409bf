import type { PruneReport, RuleReport, SyncEvent, TagReport } from "../../sync/model.ts";

/** A rule whose run was stopped, with the results so far. */
export interface StoppedRule {
  readonly rule: string;
  readonly result: "stopped";
  readonly tags: TagReport[];
  readonly pruned: PruneReport[];
}

/** Collects the results of a run from its events, for a run that is stopped before its report. */
export class SyncRecord {
  readonly #ended: RuleReport[] = [];
  readonly #open = new Map<string, StoppedRule>();

  add(event: SyncEvent): void {
    switch (event.type) {
      case "rule-started": {
        const { rule } = event;
        this.#open.set(rule, { rule, result: "stopped", tags: [], pruned: [] });
        break;
      }
      case "tag-ended":
        this.#open.get(event.rule)?.tags.push(event.tag);
        break;
      case "prune-ended":
        this.#open.get(event.rule)?.pruned.push(event.pruned);
        break;
      case "rule-ended":
        this.#open.delete(event.report.rule);
        this.#ended.push(event.report);
        break;
    }
  }

  /** Finished rules in the order in which they ended, then the stopped ones. */
  get rules(): (RuleReport | StoppedRule)[] {
    return [...this.#ended, ...this.#open.values()];
  }
}
