import type { CopyRequestInput } from "../copy/request.ts";
import type { Engine } from "../engine.ts";
import type { DurableCopies, DurableCopy } from "./durable_copies.ts";

/**
 * Starts a copy that goes on by itself, of what its source's name means now: the digest is part of what makes two copies the
 * same.
 *
 * @throws CrossdockError `not_found` when the source is not there
 */
export async function startDurableCopy(
  request: CopyRequestInput,
  { durable, engine }: { durable: DurableCopies; engine: Engine },
): Promise<DurableCopy> {
  return await durable.start({ ...request, source: await engine.resolve(request.source) });
}
