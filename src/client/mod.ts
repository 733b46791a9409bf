/**
 * Client of a crossdock server: typed calls of its API, and an engine that uses them.
 *
 * @module
 */
export { createClient } from "./client.ts";
export type { Client, ClientOptions } from "./client.ts";
export { readEvents, readSyncEvents } from "./read_events.ts";
export { createRemoteEngine } from "./remote_engine.ts";
export type {
  CallSignal,
  CheckRequest,
  Detached,
  DetachedSync,
  RemoteEngine,
  RemoteEngineOptions,
  RunListQuery,
  SyncOptions,
} from "./remote_engine.ts";
export type { SyncRequest } from "../sync/model.ts";
export type {
  CallerInfo,
  ConfigInfo,
  ConfiguredCredential,
  HookEvent,
  HookInfo,
  HookRefusal,
  HostInfo,
  Setup,
} from "../config/setup.ts";
export type {
  HistoryStatus,
  RunCause,
  RunList,
  RunRecord,
  RunState,
  RunSubject,
  RunSummary,
} from "../history/model.ts";
export type { PullsLeft } from "../registry/pulls_left.ts";
export type { AccessCheck } from "../registry/check_access.ts";
export type { RuleInfo, RuleList } from "../rules/rule_list.ts";
