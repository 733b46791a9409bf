import * as z from "zod";
import { checkShape } from "../check_shape.ts";
import { ignored, pushed } from "../sender.ts";
import type { Message, Received, Sender } from "../sender.ts";

const eventData = z.object({
  resources: z.array(z.object({
    digest: z.string().optional(),
    /** The first tag of the artifact, or else its digest. */
    tag: z.string(),
    /** `harbor.example.com/project/app:v1` */
    resource_url: z.string().optional(),
  })),
  repository: z.object({ repo_full_name: z.string() }),
});

const named = z.object({ type: z.string(), id: z.string().optional() });

/**
 * Harbor 2, in its own format ("Default") and as CloudEvents. It sends the "Auth Header" of the webhook's policy unchanged as
 * `Authorization`.
 * https://github.com/goharbor/harbor/tree/c50c7ddd6ea4e335a480b49c618281882ab7eec9/src/pkg/notifier/formats
 */
export const harbor: Sender = { title: "Harbor", proofs: ["header", "bearer", "basic"], read };

function read({ body }: Message): Received {
  const { type, id } = checkShape(named, body);
  const isCloudEvent = type === "harbor.artifact.pushed";
  if (!isCloudEvent && type !== "PUSH_ARTIFACT") return ignored("not a push");
  const { resources, repository } = isCloudEvent
    ? checkShape(z.object({ data: eventData }), body).data
    : checkShape(z.object({ event_data: eventData }), body).event_data;
  return pushed(resources.map(({ digest, tag, resource_url }) => ({
    registry: resource_url?.split("/")[0],
    repository: repository.repo_full_name,
    tag,
    digest,
    id,
  })));
}
