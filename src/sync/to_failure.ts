import { CrossdockError, ParseError } from "../errors.ts";
import type { SyncFailure } from "./model.ts";

/**
 * Converts an error of a registry, or of a name, for a report.
 *
 * @throws any other error: a bug, or the reason of the signal
 */
export function toFailure(error: unknown, signal: AbortSignal | undefined): SyncFailure {
  if (signal?.aborted) throw signal.reason;
  if (!(error instanceof CrossdockError || error instanceof ParseError)) throw error;
  const { code, message, hint } = error;
  const side = error instanceof CrossdockError ? error.side : undefined;
  return { code, message, ...(side ? { side } : {}), ...(hint ? { hint } : {}) };
}
