import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { CallOptions } from "../content.ts";
import { toFileError } from "./layout_error.ts";

/**
 * Lists the OCI layouts below a folder, in lexical order, as paths relative to it. Does not follow symbolic links.
 *
 * @throws CrossdockError `not_found` for a missing folder
 */
export async function* listLayouts(
  root: string,
  { signal }: CallOptions = {},
): AsyncGenerator<string[]> {
  const folders = [""];
  for (let folder = folders.shift(); folder !== undefined; folder = folders.shift()) {
    signal?.throwIfAborted();
    const path = join(root, folder);
    const entries = await readdir(path, { withFileTypes: true }).catch((error) => {
      throw toFileError(error, `read ${path}`);
    });
    const isLayout = entries.some(({ name }) => name === "oci-layout");
    if (isLayout && folder !== "") yield [folder];
    const children = entries
      .filter((entry) => entry.isDirectory() && !(isLayout && entry.name === "blobs"))
      .map(({ name }) => folder === "" ? name : `${folder}/${name}`);
    folders.unshift(...children.sort());
  }
}
