/** Writes results to stdout, and everything else to stderr. */
import { CrossdockError } from "../../errors.ts";
import type { CliEnvironment, TextStream } from "../environment.ts";
import { hasColors, paint } from "./color.ts";
import type { Format } from "./color.ts";
import { toPrintable } from "./format.ts";

/** The reader of stdout has closed it, as in `crossdock tags … | head`. */
export class ClosedOutputError extends Error {
  override readonly name = "ClosedOutputError";
}

/** Writes lines of a result. Waits until they are written, to notice a reader that has closed stdout. */
export async function writeLines(
  { stdout, linePrefix }: CliEnvironment,
  lines: readonly string[],
): Promise<void> {
  if (lines.length === 0) return;
  const prefix = linePrefix?.() ?? "";
  await write(stdout, lines.map((line) => `${prefix}${toPrintable(line)}\n`).join(""));
}

/** Writes lines of a result that begin with a word such as `copied`, with colours on a terminal. */
export async function writeResult(
  environment: CliEnvironment,
  lines: readonly string[],
): Promise<void> {
  const { stdout, env, linePrefix } = environment;
  if (!hasColors(stdout, env)) return await writeLines(environment, lines);
  const prefix = linePrefix ? paint("dim", linePrefix()) : "";
  const colored = lines.map((line) => `${prefix}${colorResult(toPrintable(line))}\n`);
  await write(stdout, colored.join(""));
}

/** First words of results, and their colours. */
const RESULT_COLORS: Readonly<Record<string, Format>> = {
  ...toColors("green", ["copied", "deleted", "equal:", "in-step", "complete", "started"]),
  ...toColors("yellow", [
    "skipped",
    "postponed",
    "behind",
    "held-back",
    "would-delete",
    "cancelled",
  ]),
  ...toColors("red", ["failed", "missing", "different", "not-found", "error"]),
  ...toColors("dim", ["unchanged"]),
};

function toColors(format: Format, words: readonly string[]): Record<string, Format> {
  return Object.fromEntries(words.map((word) => [word, format]));
}

function colorResult(line: string): string {
  const [word = ""] = /^\S*/.exec(line) ?? [];
  const format = RESULT_COLORS[word];
  const rest = line.slice(word.length)
    .replace(/\bsha\d+:[0-9a-f]{12,}\b/g, (digest) => paint("dim", digest));
  return `${format === undefined ? word : paint(format, word)}${rest}`;
}

/** Writes a result as one JSON document. */
export async function writeJson(
  { stdout }: Pick<CliEnvironment, "stdout">,
  value: unknown,
): Promise<void> {
  await write(stdout, `${escapeControls(JSON.stringify(value, null, 2))}\n`);
}

/** Writes a result as one line of JSON, for programs that read a log. */
export async function writeJsonLine(
  { stdout }: Pick<CliEnvironment, "stdout">,
  value: unknown,
): Promise<void> {
  await write(stdout, `${escapeControls(JSON.stringify(value))}\n`);
}

/** Writes text to stdout as it is: the help. */
export async function writeText({ stdout }: CliEnvironment, text: string): Promise<void> {
  if (text !== "") await write(stdout, text);
}

/** Writes content of a registry to stdout unchanged. */
export async function writeBytes({ stdout }: CliEnvironment, bytes: Uint8Array): Promise<void> {
  await write(stdout, bytes);
}

/** Writes a line to stderr. */
export function writeStderr(environment: CliEnvironment, line: string): void {
  environment.stderr.write(`${formatStderrLine(environment, line)}\n`);
}

/** The first word of lines on stderr, and its colour. */
const LABELS: Readonly<Record<string, Format>> = {
  "error:": ["bold", "red"],
  "warning:": ["bold", "yellow"],
  "hint:": ["bold", "cyan"],
  "note:": ["bold", "cyan"],
  "cause:": "dim",
  "step:": "dim",
  "retry": "yellow",
  "stopped:": "yellow",
  "stopped": "yellow",
};

/** A line as it is written to stderr, with a colour for its label. */
export function formatStderrLine(
  { stderr, env, linePrefix }: CliEnvironment,
  line: string,
): string {
  const text = toPrintable(line);
  const prefix = linePrefix?.() ?? "";
  const [label = ""] = /^\S*/.exec(text) ?? [];
  const format = LABELS[label];
  if (format === undefined || !hasColors(stderr, env)) return `${prefix}${text}`;
  return `${prefix}${paint(format, label)}${text.slice(label.length)}`;
}

function write(stream: TextStream, text: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => error ? reject(toWriteError(error)) : resolve());
  });
}

function toWriteError(cause: Error): Error {
  if ("code" in cause && cause.code === "EPIPE") {
    return new ClosedOutputError("stdout is closed", { cause });
  }
  const reason = "code" in cause && cause.code === "ENOSPC"
    ? "no space left on the device"
    : cause.message;
  return new CrossdockError("usage", `write to stdout: ${reason}`, {
    hint: "the result is incomplete; check where stdout is redirected to",
  });
}

/** Escapes DEL and the C1 controls, which JSON does not: terminals read some of them as commands. */
export function escapeControls(json: string): string {
  return json.replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
