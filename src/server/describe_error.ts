import { redactUrls } from "../redact_urls.ts";
import type { LogFields } from "./log.ts";

/** What the log says of an error that nobody foresaw. A host's own errors quote URLs; what may be secret in them is left out. */
export function describeError(error: unknown): LogFields {
  if (!(error instanceof Error)) return { error: redactUrls(String(error)) };
  const { name, message, stack } = error;
  return { error: redactUrls(`${name}: ${message}`), stack: stack && redactUrls(stack) };
}
