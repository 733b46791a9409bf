import * as z from "zod";
import { isManifestMediaType, isSchema1MediaType } from "../../../oci/media_types.ts";
import { checkShape } from "../check_shape.ts";
import { pushed } from "../sender.ts";
import type { Message, Received, Sender } from "../sender.ts";

const envelope = z.object({
  events: z.array(z.object({
    id: z.string().optional(),
    action: z.string(),
    target: z.object({
      /** Not of a deletion. */
      mediaType: z.string().optional(),
      digest: z.string().optional(),
      repository: z.string().default(""),
      tag: z.string().optional(),
    }),
  })),
});

/**
 * CNCF distribution's notifications, 2 and 3, which GitLab's registry sends as well. They tell of everything: pulls, blobs and
 * mounts as well. `request.host` is what a client called the registry, so it is not read. A refusal holds up all that comes
 * after it, for the registry sends in order and tries for ever.
 * https://distribution.github.io/distribution/about/notifications/
 */
export const distribution: Sender = {
  title: "CNCF distribution",
  proofs: ["header", "bearer", "basic"],
  read,
};

function read({ body }: Message): Received {
  const { events } = checkShape(envelope, body);
  return pushed(
    events
      .filter(({ action, target }) => action === "push" && isManifest(target.mediaType))
      .map(({ id, target: { repository, tag, digest } }) => ({ repository, tag, digest, id })),
  );
}

function isManifest(mediaType = ""): boolean {
  return isManifestMediaType(mediaType) || isSchema1MediaType(mediaType);
}
