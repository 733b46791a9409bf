import type { CopyRequestInput } from "../copy/request.ts";
import type { Engine } from "../engine.ts";
import type { DurableCopies, DurableCopy } from "./durable_copies.ts";

/**
 * Starts a copy that goes on by itself, of what its source's name means now: the digest is part of what makes two copies the
 * same.
 *
 * @param options.rule the rule that wants it: who is told of copies is told of this one
 * @throws CrossdockError `not_found` when the source is not there
 */
export async function startDurableCopy(
  request: CopyRequestInput,
  { durable, engine, rule }: { durable: DurableCopies; engine: Engine; rule?: string },
): Promise<DurableCopy> {
  const pinned = { ...request, source: await engine.resolve(request.source) };
  return await durable.start(pinned, rule === undefined ? {} : { rule });
}
