/** Names with mistakes, as people type or generate them. Nothing may be sent. */
import assert from "node:assert/strict";
import { expectFailure, startPair } from "../attempts.ts";
import type { Attempt, FaultCase } from "../fault_case.ts";

const MISTAKES = [
  ["scheme", (host: string) => `https://${host}/app:1`],
  ["oci-scheme", (host: string) => `oci://${host}/app:1`],
  ["upper-case", (host: string) => `${host}/Owner/app:1`],
  ["empty-tag", (host: string) => `${host}/app:`],
  ["double-slash", (host: string) => `${host}//app:1`],
  ["trailing-slash", (host: string) => `${host}/app/`],
  ["short-digest", (host: string) => `${host}/app@sha256:1234`],
  ["long-dash", (host: string) => `${host}/my–app:1`],
  ["space", (host: string) => `${host}/app:1 `],
  ["line-end", (host: string) => `${host}/app:1\n`],
] as const;

export const cases: readonly FaultCase[] = MISTAKES.map(([name, toName]): FaultCase => ({
  id: `name-with-${name}`,
  situation: `The source is \`${JSON.stringify(toName("host")).slice(1, -1)}\`.`,
  async start(scene): Promise<Attempt> {
    const { source, destination } = await startPair(scene);
    return {
      source: toName(source.host),
      destination: `${destination.host}/app:1`,
      check(outcome): void {
        expectFailure(outcome, { codes: [2] });
        assert.equal(source.count() + destination.count(), 0, "requests");
      },
    };
  },
}));
