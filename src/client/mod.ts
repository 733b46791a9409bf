/** For programs that talk to a crossdock server: the API as typed calls, and an engine made of them. */
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
  SyncRequest,
} from "./remote_engine.ts";
