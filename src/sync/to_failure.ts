import { CrossdockError, ParseError } from "../errors.ts";
import type { SyncFailure } from "./model.ts";

/**
 * What failed at a registry, or because of a name that it would not take, as it stands in a report.
 *
 * @throws anything else: a bug, or the reason of a signal
 */
export function toFailure(error: unknown, signal: AbortSignal | undefined): SyncFailure {
  if (signal?.aborted) throw signal.reason;
  if (!(error instanceof CrossdockError || error instanceof ParseError)) throw error;
  const { code, message, hint } = error;
  const side = error instanceof CrossdockError ? error.side : undefined;
  return { code, message, ...(side ? { side } : {}), ...(hint ? { hint } : {}) };
}
