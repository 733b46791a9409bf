/** All cases, in the order of the tables. */
import { cases as content } from "./cases/content.ts";
import { cases as credentials } from "./cases/credentials.ts";
import { cases as existing } from "./cases/existing.ts";
import { cases as lists } from "./cases/lists.ts";
import { cases as names } from "./cases/names.ts";
import { cases as network } from "./cases/network.ts";
import { cases as silence } from "./cases/silence.ts";
import { cases as sync } from "./cases/sync.ts";
import { cases as unanswered } from "./cases/unanswered.ts";
import { cases as uploads } from "./cases/uploads.ts";
import type { FaultCase } from "./fault_case.ts";

export const ALL_CASES: readonly FaultCase[] = [
  // The slowest cases begin first.
  ...silence,
  ...unanswered,
  ...uploads,
  ...existing,
  ...content,
  ...credentials,
  ...network,
  ...lists,
  ...sync,
  ...names,
];
