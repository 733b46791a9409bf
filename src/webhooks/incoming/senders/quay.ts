import * as z from "zod";
import { checkShape } from "../check_shape.ts";
import { ignored, pushed } from "../sender.ts";
import type { Message, Received, Sender } from "../sender.ts";

const payload = z.object({
  /** `ns/repo` */
  repository: z.string(),
  /** `quay.io/ns/repo` */
  docker_url: z.string(),
  /** Only in pushes. */
  updated_tags: z.array(z.string()).nullish(),
});

/**
 * Quay, hosted or self-managed: the event "Push to Repository" with the method "Webhook POST" and no template. Quay signs nothing. Its
 * test notification looks like a push of `latest` and `foo`.
 * https://github.com/quay/quay/blob/1e8e2f61af3f9435607c0d2a40089ba495b9a146/notifications/notificationevent.py
 */
export const quay: Sender = { title: "Quay", proofs: ["path"], read };

function read({ body }: Message): Received {
  const { repository, docker_url, updated_tags } = checkShape(payload, body);
  if (!updated_tags) return ignored("not a push");
  const [registry] = docker_url.split("/");
  return pushed(updated_tags.map((tag) => ({ registry, repository, tag })));
}
