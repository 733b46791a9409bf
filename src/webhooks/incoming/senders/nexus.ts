import * as z from "zod";
import { checkShape } from "../check_shape.ts";
import { ignored, pushed } from "../sender.ts";
import type { Message, Received, Sender } from "../sender.ts";

const named = z.object({ repositoryName: z.string(), action: z.string() });

const component = z.object({
  component: z.object({ format: z.string(), name: z.string(), version: z.string().nullish() }),
});

const asset = z.object({ asset: z.object({ format: z.string(), name: z.string() }) });

/** The asset of a tag: `v2/team/app/manifests/v1`. */
const MANIFEST_ASSET = /^\/?v2\/(?<name>.+)\/manifests\/(?<tag>[^/]+)$/;

/**
 * Sonatype Nexus Repository: the capability "Webhook: Repository" with a secret key, for components or assets. A second push of a tag
 * updates its asset, but not always its component. Nexus signs with HMAC-SHA-1, which is still secure.
 * https://help.sonatype.com/en/example-headers-and-payloads.html
 */
export const nexus: Sender = {
  title: "Nexus Repository",
  proofs: ["signature"],
  signature: { hash: "SHA-1", headers: ["x-nexus-webhook-signature"], prefix: "" },
  read,
};

function read({ headers, body }: Message): Received {
  const kind = headers.get("x-nexus-webhook-id");
  if (kind !== "rm:repository:component" && kind !== "rm:repository:asset") {
    return ignored("not a component or asset event");
  }
  const { repositoryName: store, action } = checkShape(named, body);
  if (action !== "CREATED" && action !== "UPDATED") return ignored("not a push");
  const { format, repository, tag } = kind === "rm:repository:asset"
    ? readAsset(body)
    : readComponent(body);
  if (format !== "docker") return ignored("not a container image");
  if (repository === undefined) return ignored("not a manifest");
  return pushed([{ store, repository, tag, id: headers.get("x-nexus-webhook-delivery") }]);
}

interface NexusPush {
  readonly format: string;
  readonly repository: string | undefined;
  readonly tag: string | null | undefined;
}

function readComponent(body: unknown): NexusPush {
  const { format, name, version } = checkShape(component, body).component;
  return { format, repository: name, tag: version };
}

function readAsset(body: unknown): NexusPush {
  const { format, name } = checkShape(asset, body).asset;
  const { name: repository, tag } = MANIFEST_ASSET.exec(name)?.groups ?? {};
  return { format, repository, tag };
}
