import * as z from "zod";
import { checkShape } from "../check_shape.ts";
import type { PushFields } from "../event.ts";
import { ignored, pushed } from "../sender.ts";
import type { Message, Received, Sender } from "../sender.ts";

const payload = z.object({ action: z.string() });

const push = z.object({
  id: z.string().optional(),
  target: z.object({
    repository: z.string(),
    /** Empty or missing if the manifest was pushed by digest. */
    tag: z.string().nullish(),
    digest: z.string().optional(),
  }),
  request: z.object({ host: z.string() }),
});

/**
 * The webhooks of Azure Container Registry. Custom headers authenticate them:
 * `az acr webhook update --headers "Authorization=Bearer …"`.
 * https://learn.microsoft.com/azure/container-registry/container-registry-webhook-reference
 */
export const azureContainerRegistry: Sender = {
  title: "Azure Container Registry",
  proofs: ["header", "bearer", "basic"],
  read,
};

function read({ body }: Message): Received {
  const { action } = checkShape(payload, body);
  if (action === "ping") return ignored("a ping");
  return action === "push" ? pushed([readAzurePush(body)]) : ignored("not an image push");
}

/** Also reads the `data` of Event Grid's events. */
export function readAzurePush(data: unknown): PushFields {
  const { id, target, request } = checkShape(push, data);
  const { repository, tag, digest } = target;
  return { registry: request.host, repository, tag, digest, id };
}
