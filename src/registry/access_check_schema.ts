import * as z from "zod";
import { schemaFor } from "../schema.ts";
import type { AccessCheck } from "./check_access.ts";

export const accessCheckSchema = schemaFor<AccessCheck>()(
  z.object({
    registry: z.string(),
    repository: z.string().exactOptional(),
    from: z.string().exactOptional().meta({
      description: "where the credential comes from; absent if none was found",
    }),
    sources: z.array(z.string()).meta({
      description: "the places that were searched in vain for a credential",
    }),
    result: z.enum(["accepted", "refused", "anonymous", "none"]).meta({
      description: "`accepted`: the registry accepts the credential; `refused`: it rejects the " +
        "credential; `anonymous`: there is no credential and the registry does not require one; " +
        "`none`: there is no credential, but the registry requires one",
    }),
  }).meta({ id: "AccessCheck", description: "The result of checking a credential" }),
);
