import * as z from "zod";
import { checkShape } from "../check_shape.ts";
import { ignored, pushed } from "../sender.ts";
import type { Message, Received, Sender } from "../sender.ts";

const payload = z.object({
  action: z.string(),
  package: z.object({
    type: z.string(),
    name: z.string(),
    /** A tag, or the digest of a manifest without one. */
    version: z.string(),
    owner: z.object({ login: z.string() }),
    /** `https://git.example/org/-/packages/container/app/v1` */
    html_url: z.string().nullish(),
  }),
});

/**
 * Gitea and Forgejo: the event "Package", which packages of all types send. Both sign with HMAC-SHA-256, in hexadecimal digits without
 * a prefix.
 * https://github.com/go-gitea/gitea/blob/05a2257af2f29077a2c0374111aa12becf7f6083/services/webhook/deliver.go
 */
export const gitea: Sender = {
  title: "Gitea or Forgejo",
  proofs: ["signature"],
  signature: {
    hash: "SHA-256",
    headers: ["x-gitea-signature", "x-forgejo-signature"],
    prefix: "",
  },
  read,
};

function read({ headers, body }: Message): Received {
  const event = headers.get("x-gitea-event") ?? headers.get("x-forgejo-event");
  if (event !== "package") return ignored("not a package event");
  const { action, package: pack } = checkShape(payload, body);
  if (pack.type !== "container") return ignored("not a container image");
  if (action !== "created") return ignored("not a push");
  return pushed([{
    registry: pack.html_url && URL.canParse(pack.html_url)
      ? new URL(pack.html_url).host
      : undefined,
    // The registry uses owner and name in lower case.
    repository: `${pack.owner.login}/${pack.name}`.toLowerCase(),
    tag: pack.version,
    id: headers.get("x-gitea-delivery") ?? headers.get("x-forgejo-delivery"),
  }]);
}
