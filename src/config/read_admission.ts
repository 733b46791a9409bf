/** Reads `admission` of `crossdock.yaml`: docs/admission.md. Hosts that verify signatures pass it to `parseSyncConfig()`. */
import * as z from "zod";
import type { AdmissionPolicy, PolicyEntry, Requirement, Signer } from "../admission/policy.ts";
import { isPublicKey, policyName } from "../admission/policy.ts";
import { parseRepository } from "../oci/reference.ts";
import type { ConfigNode } from "./config_node.ts";
import { readKeys } from "./read_keys.ts";
import type { RenderAt } from "./render_at.ts";
import { flag, text } from "./scalars.ts";

/** Reads the policy at a node. Mistakes are reported. */
export type ReadAdmission = (node: ConfigNode, render: RenderAt) => AdmissionPolicy;

const nonEmpty = text.min(1);

const signerFields = {
  keyless: z.strictObject({
    issuer: nonEmpty.describe("The OIDC issuer. * matches all characters but /, ** all characters"),
    identity: nonEmpty.describe("The whole subject of the certificate, with the same wildcards"),
  }).optional(),
  key: text.optional().describe("A public key in PEM, or a Go template with one"),
};

const signatureSchema = z.strictObject(signerFields);
const attestationSchema = z.strictObject({ predicateType: nonEmpty, ...signerFields });

const entrySchema = z.strictObject({
  images: text.describe("registry/repository. * matches all characters but /, ** all characters"),
  require: z.enum(["any", "all"]).optional().describe("Default: all"),
  signatures: z.array(signatureSchema).min(1).optional(),
  attestations: z.array(attestationSchema).min(1).optional(),
  from: text.optional().describe("referrers, or the repository of the signatures"),
  children: flag.optional().describe("Checks the image of each platform as well"),
  default: z.enum(["accept", "reject"]).optional().describe("In place of signatures"),
});

/** `admission` as a whole, for editors. */
export const admissionConfigSchema = z.array(entrySchema).min(1)
  .describe("Signatures that an image must have before it is copied");

/** The keys that {@linkcode readAdmission} reads on their own. */
const outerEntrySchema = entrySchema.extend({
  signatures: z.array(z.unknown()).min(1).optional(),
  attestations: z.array(z.unknown()).min(1).optional(),
});

/** Reads the entries. An empty list is a mistake: it would reject every image. */
export function readAdmission(node: ConfigNode, render: RenderAt): AdmissionPolicy {
  if (node.items().length === 0) node.addMistake("expected a list with at least one entry");
  const patterns = new Map<string, number>();
  return node.items().flatMap((item, i) => {
    const entry = readEntry(item, render);
    if (!entry) return [];
    const other = patterns.get(entry.images);
    if (other !== undefined) {
      item.at("images").addMistake(`admission[${other}] has the same pattern`);
    }
    patterns.set(entry.images, i);
    return [entry];
  });
}

/**
 * Whether a pattern can match the name of an image. One that cannot is probably a name in another spelling, and the images that it
 * means would get a less specific entry.
 */
function mayMatch(images: string): boolean {
  if (LOCAL_PATTERN.test(images)) return true;
  const slash = images.indexOf("/");
  const [registry, path] = slash < 0
    ? [images, ""]
    : [images.slice(0, slash), images.slice(slash + 1)];
  if (registry.includes("*")) {
    return (slash >= 0 || registry.includes("**")) && /^[a-z0-9.:[\]*-]+$/.test(registry) &&
      !registry.endsWith(":443") && /^[a-z0-9._*/-]*$/.test(path);
  }
  const example = `${registry}/${path.replaceAll(/\*{2,}/g, "a/a").replaceAll("*", "a")}`;
  try {
    return policyName(parseRepository(example)) === example;
  } catch {
    return false;
  }
}

/** Folders and files, whose names may have any characters. */
const LOCAL_PATTERN = /^(oci|oci-archive|docker-archive|dir):/;

function readEntry(node: ConfigNode, render: RenderAt): PolicyEntry | undefined {
  const raw = readKeys(outerEntrySchema, node);
  if (!raw) return undefined;
  rejectEmptyKeys(node);
  const { images, require = "all", from, children = false, default: decision } = raw;
  if (images !== undefined && !mayMatch(images)) {
    node.at("images").addMistake(
      "matches no image; expected registry/repository as in docker.io/library/alpine or ghcr.io/acme/**, " +
        "in lower case and without a tag",
    );
  }
  const requirements = [
    ...node.at("signatures").items().map((item) => readRequirement(item, signatureSchema, render)),
    ...node.at("attestations").items()
      .map((item) => readRequirement(item, attestationSchema, render)),
  ].filter((requirement) => requirement !== undefined);
  const others = ["require", "signatures", "attestations", "from", "children"]
    .filter((key) => node.at(key).exists);
  if (decision !== undefined) {
    if (others.length > 0) {
      node.at("default").addMistake(`cannot be combined with ${others.join()}`);
    }
    return images === undefined ? undefined : { images, rule: decision };
  }
  if (requirements.length === 0) {
    node.addMistake("expected signatures, attestations or default: accept or reject");
  }
  const repository = from === undefined || from === "referrers" ? undefined : from;
  if (repository !== undefined) node.at("from").try(() => parseRepository(repository));
  if (images === undefined) return undefined;
  return {
    images,
    rule: {
      require,
      requirements,
      children,
      ...(repository === undefined ? {} : { from: repository }),
    },
  };
}

/** A key without a value must not count as absent: an entry without its attestations requires less. */
function rejectEmptyKeys(node: ConfigNode): void {
  for (const [, child] of node.entries()) {
    if (!child.exists) child.addMistake("has no value");
  }
}

function readRequirement(
  node: ConfigNode,
  schema: typeof signatureSchema | typeof attestationSchema,
  render: RenderAt,
): Requirement | undefined {
  const raw = readKeys<z.ZodRawShape>(schema, node) as
    | Partial<z.output<typeof attestationSchema>>
    | undefined;
  if (!raw) return undefined;
  rejectEmptyKeys(node);
  const { predicateType, keyless } = raw;
  const signer = readSigner(node, keyless, render);
  return signer && { signer, ...(predicateType === undefined ? {} : { predicateType }) };
}

function readSigner(
  node: ConfigNode,
  keyless: { issuer: string; identity: string } | undefined,
  render: RenderAt,
): Signer | undefined {
  const key = node.at("key");
  if (node.at("keyless").exists === key.exists) {
    node.addMistake("expected either keyless or key");
    return undefined;
  }
  if (!key.exists) return keyless && { type: "keyless", ...keyless };
  const pem = render(key);
  if (pem === undefined) return undefined;
  if (isPublicKey(pem)) return { type: "key", pem };
  key.addMistake("expected one public key in PEM, as cosign public-key prints it");
  return undefined;
}
