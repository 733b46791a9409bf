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
  Detached,
  DetachedSync,
  RemoteEngine,
  RemoteEngineOptions,
  SyncOptions,
} from "./remote_engine.ts";
export type { SyncRequest } from "../sync/model.ts";
