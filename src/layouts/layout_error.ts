/** Errors of folders and files, each with the class of error that decides the exit code. */
import { constants } from "node:os";
import { CrossdockError } from "../errors.ts";
import type { ErrorCode } from "../errors.ts";

interface Failure {
  readonly code: ErrorCode;
  readonly text: string;
  readonly hint?: string;
}

const NO_PERMISSION: Failure = { code: "denied", text: "permission denied" };
const NO_SPACE: Failure = {
  code: "limit",
  text: "no space left on the device",
  hint: "free some space and run the same command again",
};

const FAILURES: Readonly<Record<string, Failure>> = {
  ENOENT: { code: "not_found", text: "no such file or folder" },
  EACCES: NO_PERMISSION,
  EPERM: NO_PERMISSION,
  EROFS: { code: "denied", text: "the file system is read-only" },
  ENOSPC: NO_SPACE,
  EDQUOT: { ...NO_SPACE, text: "the disk quota is exceeded" },
  EFBIG: { code: "limit", text: "the file is too large for the file system" },
  EEXIST: { code: "conflict", text: "it exists already" },
  EISDIR: { code: "conflict", text: "it is a folder" },
  ENOTDIR: { code: "conflict", text: "a part of the path is a file, not a folder" },
  ELOOP: { code: "conflict", text: "its symbolic links form a loop" },
  ENAMETOOLONG: { code: "usage", text: "the path is too long" },
};

/** The code of an error of the file system, such as `ENOENT`. */
export function fileErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ("code" in error && typeof error.code === "string") return error.code;
  // Deno has a code for common errors only.
  const number = /\(os error ([0-9]+)\)$/.exec(error.message)?.[1];
  if (number === undefined) return undefined;
  return Object.entries(constants.errno).find(([, errno]) => `${errno}` === number)?.[0];
}

/**
 * Turns an error of the file system into one with a clear message.
 *
 * @param action what failed, with the path: `read /tmp/app/index.json`
 * @returns other errors unchanged, such as Deno's about missing permissions
 */
export function toFileError(error: unknown, action: string): unknown {
  const code = fileErrorCode(error);
  if (error instanceof CrossdockError || code === undefined || !/^E[A-Z0-9]+$/.test(code)) {
    return error;
  }
  const { code: kind, text, hint } = FAILURES[code] ?? { code: "registry", text: code };
  return new CrossdockError(kind, `${action}: ${text}`, { cause: error, hint });
}
