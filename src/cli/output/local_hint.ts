/** Finds a file or folder of which the user has left out the transport, after its name was used as that of an image. */
import { CrossdockError } from "../../errors.ts";
import { parseReference } from "../../oci/reference.ts";
import { isArchiveName, suggestTransport } from "../../oci/suggest_transport.ts";
import type { CliEnvironment } from "../environment.ts";
import type { CommandLine } from "./command_hint.ts";

/** @returns `undefined` if the failed name is not that of a file, or of a folder with an image */
export async function toLocalHint(
  error: unknown,
  { names = [], values = {} }: CommandLine,
  { listFolder }: Pick<CliEnvironment, "listFolder">,
): Promise<string | undefined> {
  if (!(error instanceof CrossdockError) || values["via"] !== undefined) return undefined;
  const name = error.side === "destination" ? names[1] : names[0];
  // A name with a registry is meant as it is written.
  if (name === undefined || error.side === undefined || !isOnDockerHub(name)) return undefined;
  return isArchiveName(name) || await hasImage(name, listFolder)
    ? `if ${name} is a file or folder, ${suggestTransport(name)}`
    : undefined;
}

function isOnDockerHub(name: string): boolean {
  try {
    return !name.includes("docker.io/") && parseReference(name).registry === "docker.io";
  } catch {
    return false;
  }
}

async function hasImage(
  path: string,
  listFolder: CliEnvironment["listFolder"],
): Promise<boolean> {
  try {
    const names = await listFolder(path);
    return names.includes("oci-layout") || names.includes("manifest.json");
  } catch (error) {
    return /ENOTDIR|not a directory/i.test(String(error));
  }
}
