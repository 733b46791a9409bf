/** Asks questions on the terminal of this process. */
import process from "node:process";
import { createInterface } from "node:readline";
import { CrossdockError } from "../../errors.ts";
import type { Prompt } from "../environment.ts";
import { StoppedError } from "../stopped_error.ts";

/** Questions go to stderr, because stdout is for results. */
export function openTerminalPrompt(): Prompt {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  return {
    ask(question, signal): Promise<string> {
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      const fail = (error: unknown): void => {
        // The cursor is behind the question.
        process.stderr.write("\n");
        reject(error);
      };
      const onEnd = (): void =>
        fail(new CrossdockError("usage", "the input ended before the last question"));
      // The terminal passes Ctrl-C as a character while it reads a line.
      const onInterrupt = (): void => fail(new StoppedError("SIGINT"));
      const onAbort = (): void => fail(signal.reason);
      lines.once("close", onEnd).once("SIGINT", onInterrupt);
      signal.addEventListener("abort", onAbort, { once: true });
      lines.question(question, resolve);
      return promise.finally(() => {
        lines.off("close", onEnd).off("SIGINT", onInterrupt);
        signal.removeEventListener("abort", onAbort);
      });
    },
    close: () => lines.close(),
  };
}
