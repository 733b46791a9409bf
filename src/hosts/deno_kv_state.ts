/** Stores the remembered state of rules in Deno KV, for servers on Deno Deploy and on Deno with `--unstable-kv`. */
import { ParseError } from "../errors.ts";
import type { StateStore } from "../state_store.ts";

/** The methods of `Deno.Kv` that are used here. https://docs.deno.com/api/deno/~/Deno.Kv */
export interface DenoKv {
  list(selector: { readonly prefix: readonly string[] }): AsyncIterable<{
    readonly key: readonly unknown[];
    readonly value: unknown;
  }>;
  set(key: KvKey, value: unknown, options: { readonly expireIn: number }): Promise<unknown>;
  delete(key: KvKey): Promise<void>;
}

type KvKey = readonly [string, string, string, number];

/** A part of a text. */
interface Part {
  /** The same for all parts that were written together. */
  readonly id: string;
  readonly count: number;
  readonly bytes: Uint8Array;
}

/** A value has at most 64 KiB with its encoding. https://docs.deno.com/deploy/kv/ */
const PART_BYTES = 60_000;

/** A rule that has not run for this long compares all images. */
const LIFETIME_MS = 90 * 24 * 60 * 60_000;

/**
 * Opens the database of the deployment, or a local one.
 *
 * @param path of a local database. Default: that of the program
 * @throws ParseError if this host has no Deno KV
 */
export async function openDenoKvState(path?: string): Promise<StateStore> {
  const { Deno } = globalThis as { Deno?: { openKv?: (path?: string) => Promise<DenoKv> } };
  if (Deno?.openKv) return createDenoKvState(await Deno.openKv(path));
  throw new ParseError("kv: needs Deno KV, which only Deno has, with --unstable-kv", {
    hint: "name a file",
  });
}

/** Creates a store on a database. A text longer than a value is stored in parts, which are not written at once. */
export function createDenoKvState(kv: DenoKv): StateStore {
  const prefixOf = (key: string): [string, string, string] => ["crossdock", "state", key];

  async function write(key: string, text: string | undefined): Promise<void> {
    const bytes = new TextEncoder().encode(text ?? "");
    const count = text === undefined ? 0 : Math.max(1, Math.ceil(bytes.length / PART_BYTES));
    const id = crypto.randomUUID();
    for (let i = 0; i < count; i++) {
      const part: Part = { id, count, bytes: bytes.slice(i * PART_BYTES, (i + 1) * PART_BYTES) };
      await kv.set([...prefixOf(key), i], part, { expireIn: LIFETIME_MS });
    }
    for await (const { key: [, , , i] } of kv.list({ prefix: prefixOf(key) })) {
      if (typeof i === "number" && i >= count) await kv.delete([...prefixOf(key), i]);
    }
  }

  return {
    async read(key): Promise<string | undefined> {
      const parts: Part[] = [];
      for await (const { value } of kv.list({ prefix: prefixOf(key) })) parts.push(value as Part);
      const [first] = parts;
      if (!first) return undefined;
      // Another process has written at the same time, or a write was interrupted.
      const isWhole = parts.length === first.count && parts.every(({ id }) => id === first.id);
      return isWhole ? await new Blob(parts.map(({ bytes }) => bytes.slice())).text() : "";
    },
    write,
  };
}
