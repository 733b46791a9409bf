import type { JSX } from "preact";
import type { HistoryStatus } from "../../src/history/model.ts";

/** What the host can know about earlier runs. */
export function HistoryNote({ history }: { readonly history: HistoryStatus }): JSX.Element {
  return <p class="quiet about">The history has {history.note}.</p>;
}
