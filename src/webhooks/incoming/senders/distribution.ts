import * as z from "zod";
import { isManifestMediaType, isSchema1MediaType } from "../../../oci/media_types.ts";
import { safeParse } from "../../../schema.ts";
import { checkShape } from "../check_shape.ts";
import { pushed } from "../sender.ts";
import type { Message, Received, Sender } from "../sender.ts";

const event = z.object({
  id: z.string().nullish(),
  action: z.string(),
  target: z.object({
    /** Absent for deletions. */
    mediaType: z.string().nullish(),
    digest: z.string().nullish(),
    repository: z.string(),
    tag: z.string().nullish(),
  }),
});

const envelope = z.object({ events: z.array(z.unknown()).nullable() });

/**
 * Notifications of CNCF distribution 2 and 3, and of GitLab's registry. They include pulls, blobs and mounts. `request.host` is the
 * name that a client used for the registry, so it is not read. A rejected event blocks all later ones, because the registry sends
 * them in order and retries forever.
 * https://distribution.github.io/distribution/about/notifications/
 */
export const distribution: Sender = {
  title: "CNCF distribution",
  proofs: ["header", "bearer", "basic"],
  read,
};

function read({ body }: Message): Received {
  const events = checkShape(envelope, body).events ?? [];
  // An event of another shape must not reject the others, which the registry would repeat forever.
  const known = events.flatMap((one) => safeParse(event, one).data ?? []);
  if (events.length > 0 && known.length === 0) checkShape(event, events[0]);
  return pushed(
    known
      .filter(({ action, target }) => action === "push" && isManifest(target.mediaType ?? ""))
      .map(({ id, target: { repository, tag, digest } }) => ({ repository, tag, digest, id })),
  );
}

function isManifest(mediaType: string): boolean {
  return isManifestMediaType(mediaType) || isSchema1MediaType(mediaType);
}
