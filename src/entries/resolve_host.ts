import { lookup } from "node:dns/promises";

/** All addresses of a name, by the host's own resolver: what a connection to it would be made to. */
export async function resolveHost(name: string): Promise<string[]> {
  const found = await lookup(name, { all: true });
  return found.map(({ address }) => address);
}
