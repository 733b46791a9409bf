/**
 * Stores texts between the runs of rules: a file, Workers KV, Deno KV. It may lose a text at any time, and it may fail: the run then
 * compares everything. A run waits half a minute for a call.
 */
export interface StateStore {
  /** Reads the text of a key. Returns `undefined` if there is none. */
  read(key: string): Promise<string | undefined>;
  /** Replaces the text of a key, or deletes it if `text` is `undefined`. */
  write(key: string, text: string | undefined): Promise<void>;
}
