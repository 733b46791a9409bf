/** The file of `copy --digestfile`. */
import { constants } from "node:fs";
import { access, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { CrossdockError, ParseError } from "../../errors.ts";

/**
 * Checks, before anything is copied, that the file can be written. Does not create it.
 *
 * @throws ParseError if it cannot
 */
export async function checkDigestFile(path: string): Promise<void> {
  const folder = dirname(path);
  if (!await isThere(folder)) throw reject(path, `the folder ${folder} does not exist`);
  const isFile = await isThere(path);
  if (isFile && (await stat(path)).isDirectory()) throw reject(path, "it is a folder");
  try {
    await access(isFile ? path : folder, constants.W_OK);
  } catch (error) {
    throw reject(path, "permission denied", error);
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

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return false;
    throw reject(path, "the file cannot be read", error);
  }
}

function reject(path: string, fault: string, cause?: unknown): ParseError {
  return new ParseError(`--digestfile ${path}: ${fault}`, {
    ...(cause === undefined ? {} : { cause }),
    hint: "name a file in a folder that exists and can be written",
  });
}
