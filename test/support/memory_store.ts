import type { StateStore } from "../../src/state_store.ts";

export interface MemoryStore extends StateStore {
  readonly texts: Map<string, string>;
}

/** A store in memory. */
export function memoryStore(): MemoryStore {
  const texts = new Map<string, string>();
  return {
    texts,
    read: (key) => Promise.resolve(texts.get(key)),
    write(key, text): Promise<void> {
      if (text === undefined) texts.delete(key);
      else texts.set(key, text);
      return Promise.resolve();
    },
  };
}
