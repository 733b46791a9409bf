import { ParseError } from "../errors.ts";
import type { StateStore } from "../state_store.ts";

const KV = "kv:";

/**
 * Opens the store that a name means: the path of a file, `kv:` for Deno KV, or `kv:PATH` for a local database of Deno KV.
 *
 * @throws ParseError for an empty name, and for Deno KV on a host without it
 */
export async function openState(name: string): Promise<StateStore> {
  if (name === "") throw new ParseError("the name of the state is empty, expected a file or kv:");
  if (!name.startsWith(KV)) return (await import("./file_state.ts")).createFileState(name);
  const { openDenoKvState } = await import("./deno_kv_state.ts");
  return await openDenoKvState(name.slice(KV.length) || undefined);
}
