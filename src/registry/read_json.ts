import type * as z from "zod";
import { CrossdockError } from "../errors.ts";
import { safeParseJson } from "../schema.ts";
import { readManifestBytes } from "./manifests.ts";
import type { RepositoryContext } from "./repository_context.ts";

/**
 * Reads an answer as a JSON object, with the bound of a manifest: a page of 1000 tags of 128 characters has 130 KB.
 *
 * @param schema of the object; its members bring the messages of their mistakes
 * @throws CrossdockError `registry` for anything that the schema does not accept
 */
export async function readJson<Value>(
  context: Pick<RepositoryContext, "client">,
  response: Response,
  what: string,
  schema: z.ZodType<Value>,
): Promise<Value> {
  const bytes = await readManifestBytes(context, response, what);
  const { data, error } = safeParseJson(new TextDecoder().decode(bytes), schema);
  if (!error) return data;
  const member = error.issues.find(({ path }) => path.length > 0);
  if (member) {
    throw new CrossdockError("registry", `${what}: ${member.message}`, {
      side: context.client.side,
    });
  }
  throw new CrossdockError("registry", `${what}: the answer is no JSON object`, {
    side: context.client.side,
    hint: "something other than a registry answers at this host",
  });
}
