import { CrossdockError } from "../errors.ts";
import { readManifestBytes } from "./manifests.ts";
import type { RepositoryContext } from "./repository_context.ts";

/**
 * Reads an answer as a JSON object, with the bound of a manifest: a page of 1000 tags of 128 characters has 130 KB.
 *
 * @throws CrossdockError `registry` for anything that is not a JSON object
 */
export async function readJson(
  context: Pick<RepositoryContext, "client">,
  response: Response,
  what: string,
): Promise<object> {
  const bytes = await readManifestBytes(context, response, what);
  try {
    const value = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Said below.
  }
  throw new CrossdockError("registry", `${what}: the answer is no JSON object`, {
    side: context.client.side,
    hint: "something other than a registry answers at this host",
  });
}
