import type * as z from "zod";
import { withBudget } from "../byte_budget.ts";
import type { ByteBudget } from "../byte_budget.ts";
import { CrossdockError } from "../errors.ts";
import { safeParseJson } from "../schema.ts";
import { explainBody } from "../streams/explain_body.ts";
import { readManifestBytes } from "./manifests.ts";
import type { RepositoryContext } from "./repository_context.ts";

/**
 * Reads a response as a JSON object, with the size limit of a manifest. A page of 1000 tags of 128 characters has 130 KB.
 *
 * @param schema the schema of the object; its members carry their error messages
 * @param budget counts the response, whose values stay in memory. Default: a budget until the response is read
 * @throws CrossdockError `registry` for anything that does not match the schema
 */
export async function readJson<Value>(
  context: Pick<RepositoryContext, "client">,
  response: Response,
  what: string,
  schema: z.ZodType<Value>,
  budget?: ByteBudget,
): Promise<Value> {
  if (!budget) {
    return await withBudget(what, context.client, (budget) => {
      return readJson(context, response, what, schema, budget);
    });
  }
  const bytes = await budget.holdText(
    0,
    (text) => readManifestBytes(context, response, what, { text }),
  );
  const { data, error } = safeParseJson(new TextDecoder().decode(bytes), schema);
  if (!error) return data;
  const member = error.issues.find(({ path }) => path.length > 0);
  if (member) {
    throw new CrossdockError("registry", `${what}: ${member.message}`, {
      side: context.client.side,
    });
  }
  throw new CrossdockError(
    "registry",
    `${what}: the response is not a JSON object${explainBody(response)}`,
    {
      side: context.client.side,
      hint: "check the registry name: another service answers at this host",
    },
  );
}
