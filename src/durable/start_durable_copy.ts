import { toCopyRequestInput } from "../copy/request.ts";
import type { CopyRequest, CopyRequestInput } from "../copy/request.ts";
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
  request: CopyRequestInput | CopyRequest,
  { durable, engine, rule }: {
    durable: DurableCopies;
    engine: Pick<Engine, "resolve">;
    rule?: string;
  },
): Promise<DurableCopy> {
  const input = toCopyRequestInput(request);
  const pinned = { ...input, source: await engine.resolve(input.source) };
  return await durable.start(pinned, rule === undefined ? {} : { rule });
}
