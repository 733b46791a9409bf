import * as z from "zod";
import { ParseError } from "../../../errors.ts";
import { parseRepository } from "../../../oci/reference.ts";
import type { Reference } from "../../../oci/reference.ts";
import { checkShape } from "../check_shape.ts";
import { toPushEvent } from "../event.ts";
import type { Message, Received, Sender } from "../sender.ts";
import { WebhookError } from "../webhook_error.ts";

const payload = z.strictObject({
  /** `ghcr.io/a/b` */
  repository: z.string(),
  /** Default: all tags of the repository. */
  tag: z.string().optional(),
});

/**
 * Any other sender, such as a pipeline: `{"repository": "ghcr.io/a/b", "tag": "1"}` with a bearer token, or signed by Standard
 * Webhooks.
 */
export const plain: Sender = {
  title: "the plain sender",
  proofs: ["signature", "bearer"],
  signature: "standard-webhooks",
  read,
};

function read({ headers, body }: Message): Received {
  const { repository: name, tag } = checkShape(payload, body);
  const { registry, repository } = parse(name);
  const id = headers.get("webhook-id");
  return { kind: "events", events: [toPushEvent({ registry, repository, tag, id })] };
}

function parse(name: string): Reference {
  try {
    return parseRepository(name);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    throw new WebhookError("usage", "read event: its repository is not a valid name", {
      hint: 'write registry/repository in "repository", and the tag in "tag"',
    });
  }
}
