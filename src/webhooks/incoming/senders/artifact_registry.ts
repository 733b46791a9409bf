import * as z from "zod";
import { ParseError } from "../../../errors.ts";
import { parseReference } from "../../../oci/reference.ts";
import type { Reference } from "../../../oci/reference.ts";
import { checkShape } from "../check_shape.ts";
import { ignored, pushed } from "../sender.ts";
import type { Message, Received, Sender } from "../sender.ts";
import { WebhookError } from "../webhook_error.ts";

const envelope = z.object({ message: z.object({ data: z.string(), messageId: z.string() }) });

const change = z.object({
  action: z.string(),
  /** `us-east1-docker.pkg.dev/project/repo/app@sha256:…` */
  digest: z.string().optional(),
  /** `us-east1-docker.pkg.dev/project/repo/app:1.1`; absent for an upload, which is a separate message. */
  tag: z.string().optional(),
});

/**
 * Google Artifact Registry, by an authenticated push subscription to its Pub/Sub topic `gcr`. Each upload and each tag is a separate
 * message. Helm charts are sent like images.
 * https://cloud.google.com/artifact-registry/docs/configure-notifications
 */
export const artifactRegistry: Sender = {
  title: "Google Artifact Registry",
  proofs: ["google"],
  read,
};

function read({ body }: Message): Received {
  const { message: { data, messageId } } = checkShape(envelope, body);
  const { action, digest, tag } = checkShape(change, decode(data));
  if (action !== "INSERT") return ignored("a deletion");
  const name = tag || digest;
  if (!name) return ignored("the event names no tag and no digest");
  const named = parse(name);
  return pushed([{
    registry: named.registry,
    repository: named.repository,
    tag: named.tag,
    digest: digest && parse(digest).digest,
    id: messageId,
  }]);
}

function decode(data: string): unknown {
  try {
    const bytes = Uint8Array.from(atob(data), (char) => char.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    // Without the cause, which quotes the body.
    throw new WebhookError("usage", "read event: expected JSON in base64 in message.data");
  }
}

function parse(text: string): Reference {
  try {
    return parseReference(text);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    throw new WebhookError("usage", "read event: its tag or digest is not a reference");
  }
}
