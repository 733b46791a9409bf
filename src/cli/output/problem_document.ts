/** With `--json` a command that fails prints a problem document, in the shape of the server's problems. */
import { SyncConfigError } from "../../config/mistakes.ts";
import { CrossdockError, ParseError } from "../../errors.ts";
import { RequestError, toProblem } from "../../problem.ts";
import type { Problem } from "../../problem.ts";
import { redactUrls } from "../../redact_urls.ts";
import { exitCodeOf } from "./exit_codes.ts";
import type { Explanation } from "./explain_error.ts";

/** Describes an error. The hint is that of the command line, because a hint of the server names fields of its API. */
export function toProblemDocument(
  error: unknown,
  { messages, hint, exitCode }: Explanation,
): Problem {
  const { hint: _, detail, ...problem } = toBareProblem(error, messages, exitCode);
  return {
    ...problem,
    detail: redactUrls(detail),
    ...(hint === undefined ? {} : { hint }),
  };
}

function toBareProblem(error: unknown, messages: readonly string[], exitCode: number): Problem {
  const text = messages.join("\n");
  if (error instanceof SyncConfigError) {
    return new RequestError("usage", text, { errors: messages.map((detail) => ({ detail })) })
      .problem;
  }
  if (error instanceof CrossdockError || error instanceof ParseError) return toProblem(error);
  const code = exitCode === exitCodeOf("usage") ? "usage" : "internal";
  return new RequestError(code, text).problem;
}
