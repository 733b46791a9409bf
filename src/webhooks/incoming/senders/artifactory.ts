import * as z from "zod";
import { checkShape } from "../check_shape.ts";
import { ignored, pushed } from "../sender.ts";
import type { Message, Received, Sender } from "../sender.ts";

const named = z.object({ domain: z.string(), event_type: z.string() });

const tagPush = z.object({
  data: z.object({
    repo_key: z.string(),
    /** `team/app/v1/manifest.json`, or `list.manifest.json` for an index. */
    path: z.string(),
    tag: z.string(),
    /** The digest of the manifest's file. */
    sha256: z.string().optional(),
  }),
});

/**
 * JFrog Artifactory: the event "Docker tag was pushed", with "Use secret for payload signing" on. Without it, the header has the
 * secret itself, readable by every proxy on the way; this is rejected. The configuration of Artifactory decides the name of a
 * repository at its registry, so the event has the `store`, and the place of the hook maps it.
 * https://jfrog.com/help/r/jfrog-platform-administration-documentation/domain-docker,
 * https://github.com/akuity/kargo/blob/1c764767ae03bad063531fb443ee2485a972c669/pkg/webhook/external/artifactory.go
 */
export const artifactory: Sender = {
  title: "JFrog Artifactory",
  proofs: ["signature"],
  signature: { hash: "SHA-256", headers: ["x-jfrog-event-auth"], prefix: "" },
  read,
};

function read({ body }: Message): Received {
  const { domain, event_type } = checkShape(named, body);
  if (domain !== "docker" || event_type !== "pushed") return ignored("not an image push");
  const { repo_key, path, tag, sha256 } = checkShape(tagPush, body).data;
  return pushed([{
    store: repo_key,
    repository: path.split("/").slice(0, -2).join("/"),
    tag,
    digest: sha256 && `sha256:${sha256}`,
  }]);
}
