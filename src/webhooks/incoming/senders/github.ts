import * as z from "zod";
import { checkShape } from "../check_shape.ts";
import { ignored, pushed } from "../sender.ts";
import type { Message, Received, Sender } from "../sender.ts";

const payload = z.object({
  action: z.string(),
  package: z.unknown().optional(),
  registry_package: z.unknown().optional(),
});

const anyPackage = z.object({ package_type: z.string(), ecosystem: z.string().nullish() });

const containerPackage = z.object({
  package_version: z.object({
    /** The digest of the pushed manifest. */
    version: z.string(),
    /** `ghcr.io/Org/app:v1`, or `ghcr.io/Org/app:` without a tag. */
    package_url: z.string(),
    container_metadata: z.object({ tag: z.object({ name: z.string().nullish() }).nullish() }),
  }),
});

/**
 * GitHub's container registry: the events `package` (of repositories and organisations) and `registry_package` (of apps). GitHub may
 * send both for one push. A push of several platforms sends one event for each manifest; only that of the index has a tag.
 * https://docs.github.com/en/webhooks/webhook-events-and-payloads#registry_package,
 * https://github.com/octokit/webhooks/tree/3a58428aa5c399cf5aa12c8663aea1fb1f515254/payload-examples/api.github.com
 */
export const github: Sender = {
  title: "GitHub",
  proofs: ["signature"],
  signature: { hash: "SHA-256", headers: ["x-hub-signature-256"], prefix: "sha256=" },
  read,
};

function read({ headers, body }: Message): Received {
  const event = headers.get("x-github-event");
  if (event === "ping") return ignored("a ping");
  if (event !== "package" && event !== "registry_package") return ignored("not a package event");
  const { action, [event]: pack } = checkShape(payload, body);
  if (action !== "published" && action !== "updated") return ignored("not a push");
  const { package_type, ecosystem } = checkShape(anyPackage, pack);
  if (!isContainer(package_type) && !isContainer(ecosystem)) {
    return ignored("not a container image");
  }
  const { version, package_url, container_metadata } =
    checkShape(containerPackage, pack).package_version;
  const [, registry, repository = ""] = /^([^/]+)\/([^:@]+)/.exec(package_url) ?? [];
  return pushed([{
    registry,
    // The URL has the owner as written at GitHub. The registry uses lower case.
    repository: repository.toLowerCase(),
    tag: container_metadata.tag?.name,
    digest: version,
    id: headers.get("x-github-delivery"),
  }]);
}

/** Usually `CONTAINER`. Some examples have `docker` in one of the two members and another value in the other. */
function isContainer(type: string | null | undefined): boolean {
  return /^(?:container|docker)$/i.test(type ?? "");
}
