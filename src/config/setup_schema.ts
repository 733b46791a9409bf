/** Schema of a server's set-up, for the client and the OpenAPI document. */
import * as z from "zod";
import { schemaFor } from "../schema.ts";
import type { Setup } from "./setup.ts";

const at = z.number().meta({ description: "milliseconds since the epoch" });
const globs = z.array(z.string());

export const setupSchema = schemaFor<Setup>()(
  z.object({
    version: z.string(),
    host: z.object({
      name: z.enum(["deno", "node", "bun", "workerd"]),
      memory: z.enum(["process", "isolate"]).meta({
        description: "how long the server remembers the last requests of webhooks and the " +
          "remaining pulls: as long as its process. A Worker has many isolates, each of which " +
          "knows only its own requests",
      }),
      durableCopies: z.boolean().meta({
        description: "whether copies can continue without their caller",
      }),
      durableRules: z.boolean().meta({
        description: "whether runs of rules can continue without their caller",
      }),
    }),
    caller: z.object({
      token: z.string().meta({ description: "the name of the token" }),
      scope: z.enum(["copy", "read"]),
    }).optional().meta({ description: "absent if the server needs no token" }),
    open: z.boolean().meta({ description: "whether calls need no token" }),
    allowSources: globs.meta({
      description: "globs over `registry/repository` that callers may read. Rules do not need them",
    }),
    allowDestinations: globs.meta({
      description:
        "globs over `registry/repository` that callers may write. Rules do not need them",
    }),
    allowPrivate: globs.meta({ description: "hosts that may be private" }),
    plainHttp: globs.meta({ description: "registries without TLS" }),
    credentials: z.array(z.object({
      registry: z.string().meta({
        description: "a registry, with a path if the credential is only for a part of it; " +
          "`*.` for the registries of a cloud",
      }),
      from: z.string().meta({ description: "the file or variable that has it" }),
    })).meta({ description: "the registries that have a credential" }),
    hooks: z.array(z.object({
      hook: z.string(),
      path: z.string().meta({
        description:
          "the path of its URL, after the URL of the server. A secret in it is replaced by " +
          "`SECRET`",
      }),
      sender: z.string(),
      place: z.string().meta({ description: "the registry of its events" }),
      proof: z.string().meta({ description: "the kind of proof that a request needs" }),
      lastEvent: z.object({
        at,
        state: z.enum(["accepted", "ignored", "answered"]).meta({
          description: "`answered`: a test of the sender, such as a handshake",
        }),
        why: z.string().optional().meta({ description: "why it was ignored" }),
      }).optional(),
      lastRefusal: z.object({
        at,
        code: z.string(),
        detail: z.string(),
        hint: z.string().optional().meta({ description: "what to do next" }),
      }).optional(),
    })).meta({ description: "the webhooks that registries call, with their last requests" }),
    notices: z.array(z.object({ host: z.string(), events: z.array(z.string()) })).meta({
      description: "where notices go. A whole URL could contain a secret",
    }),
    warnings: z.array(z.string()).meta({
      description: "settings that probably permit more, or less, than intended. A configuration " +
        "with a mistake does not start",
    }),
  }).meta({ id: "Setup", description: "The set-up of a server, without secrets" }),
);
