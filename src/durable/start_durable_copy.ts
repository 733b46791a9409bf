import { toCopyRequestInput } from "../copy/request.ts";
import type { CopyRequest, CopyRequestInput } from "../copy/request.ts";
import type { Engine } from "../engine.ts";
import type { DurableCopies, DurableCopy } from "./durable_copies.ts";

/**
 * Resolves the source to its current digest and starts a durable copy. The digest is part of the copy's id.
 *
 * @param options.rule the rule that starts the copy. Only copies with a rule send notifications.
 * @throws CrossdockError `not_found` if the source does not exist
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
