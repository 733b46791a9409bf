/** The file of `copy --digestfile`. */
import type { Stats } from "node:fs";
import { open, stat, unlink, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { CrossdockError, ParseError } from "../../errors.ts";

/**
 * Checks, before anything is copied, that the file can be written. A file that does not exist is created and removed again.
 *
 * @throws ParseError if it cannot
 */
export async function checkDigestFile(path: string): Promise<void> {
  const folder = dirname(path);
  if (!(await statIfThere(folder, path))?.isDirectory()) {
    throw reject(path, `the folder ${folder} does not exist`);
  }
  const found = await statIfThere(path, path);
  if (found?.isDirectory()) throw reject(path, "it is a folder");
  // To open a pipe would end it for its reader.
  if (found && !found.isFile()) return;
  try {
    await (await open(path, found ? "r+" : "wx")).close();
    if (!found) await unlink(path);
  } catch (error) {
    throw reject(path, "the file cannot be written", error);
  }
}

/**
 * Writes the digest without a line break, like skopeo.
 *
 * @throws CrossdockError if the file cannot be written; the copy is complete then
 */
export async function writeDigestFile(
  path: string,
  { digest }: { readonly digest: string },
): Promise<void> {
  try {
    await writeFile(path, digest);
  } catch (cause) {
    throw new CrossdockError("usage", `--digestfile ${path}: the file cannot be written`, {
      cause,
      hint: `the copy is complete; its digest is ${digest}`,
    });
  }
}

async function statIfThere(path: string, option: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw reject(option, "the file cannot be read", error);
  }
}

function reject(path: string, fault: string, cause?: unknown): ParseError {
  return new ParseError(`--digestfile ${path}: ${fault}`, {
    ...(cause === undefined ? {} : { cause }),
    hint: "name a file in a folder that exists and can be written",
  });
}
