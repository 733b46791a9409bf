import { lookup } from "node:dns/promises";

/** Resolves a name to all its addresses with the system's resolver, which connections use too. */
export async function resolveHost(name: string): Promise<string[]> {
  const found = await lookup(name, { all: true });
  return found.map(({ address }) => address);
}
