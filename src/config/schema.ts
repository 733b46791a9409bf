/**
 * The shape of `crossdock.yaml`: its keys and the values that each may have. `sync_config.ts` reads files by it, and
 * docs/crossdock.schema.json is generated from it. build/reference/sync_keys.ts has the meaning of every key.
 *
 * Null (`key:`, `~`, `null`) counts as an absent key of a group, and as empty text in a list of patterns. Empty text in quotes is
 * text: a mistake where a name is expected.
 */
import * as z from "zod";
import { parseDigest } from "../oci/digest.ts";
import { parsePlatform } from "../oci/platform.ts";
import { parseDuration } from "../sync/duration.ts";
import { compilePattern } from "../sync/pattern.ts";
import { parseEvery, parseSchedule } from "../sync/schedule.ts";
import { parseVersionRange } from "../sync/version.ts";
import { anyCase, flag, number, parsed, text, whole } from "./scalars.ts";

const texts = z.array(text);
/** regsync reads a value that is missing as an empty text. */
function orEmpty<Schema extends z.ZodType>(schema: Schema): z.ZodPreprocess<Schema> {
  return z.preprocess((value) => value ?? "", schema);
}

const patterns = z.array(orEmpty(parsed(compilePattern)));
const template = text.describe("A Go template");
const duration = parsed(parseDuration).describe("A Go duration: 1h30m");

export const credsSchema = z.strictObject({
  registry: template.describe("As in references: ghcr.io, localhost:5000, docker.io"),
  hostname: text.optional().describe("The host to connect to, if it has another name"),
  user: template.optional(),
  pass: template.optional().describe(
    'Prefer a template to the password itself: {{ env "GHCR_PASS" }}',
  ),
  token: template.optional().describe("A refresh token"),
  credHelper: text.optional().describe(
    "A credential helper of Docker: docker-credential-ecr-login. Not on servers",
  ),
  credExpire: duration.optional().describe("How long its credential is kept. Default: 1h"),
  credHost: text.optional().describe("The name that the helper gets instead of the registry's"),
  tls: anyCase(["enabled", "insecure", "disabled"]).optional(),
  regcert: template.optional().describe(
    "PEM certificates to trust for this registry. Not on Workers",
  ),
  clientCert: template.optional().describe(
    "PEM certificate for a registry that requires one. Not on Workers",
  ),
  clientKey: template.optional().describe(
    'The private key of clientCert in PEM, not encrypted. Prefer a template: {{ file "/run/secrets/key.pem" }}',
  ),
  mirrors: texts.optional().describe(
    "Registries to read manifests and blobs from first: cache.example.com, or harbor.example.com/proxy",
  ),
  repoAuth: flag.optional().describe("Has no effect: a token is always for one repository"),
  reqPerSec: number(0, 10_000).optional(),
  reqConcurrent: whole(0, 1000).optional(),
});

const tagsSchema = z.strictObject({
  allow: patterns.optional().describe("Go regular expressions for the whole tag"),
  deny: patterns.optional().describe("Go regular expressions for the whole tag"),
  // regsync skips empty ranges.
  semverRange: z.array(orEmpty(parsed((range) => range && parseVersionRange(range)))).optional()
    .describe('A tag is in one of them: ">=1.2 <2.0", "^1.2.3", "~1.2"'),
  latest: whole(1, 100_000).optional().describe("How many of the newest tags"),
  by: z.enum(["semver", "created"]).optional().describe("How tags are ordered. Default: semver"),
});

const reposSchema = z.strictObject({ allow: patterns.optional(), deny: patterns.optional() });

const rateLimitSchema = z.strictObject({
  min: whole(0, 1_000_000).optional().describe("Pulls that must remain before a copy starts"),
  retry: duration.optional(),
});

const referrerFilterSchema = z.strictObject({
  artifactType: text.optional(),
  annotations: z.record(z.string(), orEmpty(text)).optional(),
});

const pruneSchema = z.strictObject({
  keep: patterns.optional().describe("Go regular expressions for tags that are never deleted"),
  maxShare: number(0, 1).optional()
    .describe("The largest share of the tags that one run may delete. Default: 0.1"),
});

/** Keys that a rule takes from `defaults` if it does not have them. */
const inheritedFields = {
  backup: template.optional().describe(
    "A tag or a reference for an image before it is overwritten",
  ),
  // regsync treats an empty text as absent.
  interval: parsed((every) => every && parseEvery(every)).optional().describe(
    "A Go duration: 1h30m",
  ),
  schedule: parsed((schedule) => schedule && parseSchedule(schedule)).optional()
    .describe('Cron: "15 3 * * *", @daily, @every 1h'),
  ratelimit: rateLimitSchema.optional(),
  digestTags: flag.optional().describe("Also copies the tags of cosign, sha256-….sig"),
  referrers: flag.optional().describe("Also copies the referrers of an image"),
  referrerFilters: z.array(referrerFilterSchema).optional(),
  referrerSource: template.optional().describe("The repository to list referrers from"),
  referrerTarget: template.optional().describe("The repository to copy referrers to"),
  fastCheck: flag.optional().describe("Checks nothing else if the digest is the same"),
  fullCheckEvery: whole(1, 1_000_000).optional().describe(
    "One of so many runs uses no remembered state. Default: 24",
  ),
  forceRecursive: flag.optional().describe("Checks an image even if its digest is the same"),
  includeExternal: flag.optional().describe("Also copies layers from URLs outside of the registry"),
  mediaTypes: texts.optional().describe("Skips manifests of other media types"),
  index: z.enum(["rebuild", "sparse", "refuse"]).optional()
    .describe("How to copy an index if only some platforms are copied. Default: sparse"),
  verify: z.enum(["auto", "stream", "destination"]).optional(),
  ifExists: z.enum(["overwrite", "skip", "fail"]).optional(),
  minAge: duration.optional().describe("Postpones younger images"),
};

export const defaultsSchema = z.strictObject({
  ...inheritedFields,
  parallel: whole(0, 256).optional().describe("Copies at the same time"),
  skipDockerConfig: flag.optional(),
});

export const ruleSchema = z.strictObject({
  name: text.regex(
    /^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,254}$/,
    "expected letters, digits and . _ : / @ -, with a letter or digit first",
  ).optional().describe("Default: the source"),
  source: template.describe("A registry, a repository or an image, depending on type"),
  target: template.optional(),
  targets: z.array(template).min(1).optional().describe("Several targets, instead of target"),
  type: z.enum(["image", "repository", "registry"]),
  tags: tagsSchema.optional(),
  tagSets: z.array(tagsSchema).optional().describe("A tag is selected by any of them"),
  digests: z.array(parsed(parseDigest)).min(1).max(1000).optional().describe(
    "For type repository: images to copy by digest. Without tags and tagSets, only these",
  ),
  targetTag: template.optional().describe(
    'The tags of the targets: "{{ .Source.Tag }}-mirror". Default: those of the source',
  ),
  repos: reposSchema.optional().describe("For type registry"),
  platform: parsed((name) => name && parsePlatform(name)).optional()
    .describe("Copies the image of this platform instead of the index"),
  platforms: z.array(parsed(parsePlatform)).optional(),
  prune: pruneSchema.optional().describe("Deletes tags of the target that no rule selects"),
  ...inheritedFields,
});

const inheritedSchema = z.strictObject(inheritedFields);

const secrets = z.array(template).min(1);

const incomingFields = {
  sender: text.optional().describe("The sender, if it is not the name of this entry: harbor"),
  place: text.optional().describe("The source of its events: registry.example, or ghcr.io/org"),
};

/** How a sender authenticates its events: `proofSchema` of `webhooks/`, with templates. */
export const incomingSchema = z.discriminatedUnion("kind", [
  z.strictObject({ ...incomingFields, kind: z.literal("signature"), secrets }),
  z.strictObject({ ...incomingFields, kind: z.literal("header"), name: text, secrets }),
  z.strictObject({ ...incomingFields, kind: z.literal("bearer"), secrets }),
  z.strictObject({ ...incomingFields, kind: z.literal("basic"), username: template, secrets }),
  z.strictObject({
    ...incomingFields,
    kind: z.literal("google"),
    audience: text,
    emails: texts.min(1),
  }),
  z.strictObject({ ...incomingFields, kind: z.literal("path"), secrets }),
]);

export const outgoingSchema = z.strictObject({
  url: template,
  secrets: secrets.describe("whsec_ and base64. Each secret adds a signature"),
  events: z.array(z.enum(["copied", "failed", "in_step"])).min(1).optional()
    .describe("Default: all of them"),
});

const webhooksSchema = z.strictObject({
  in: z.record(z.string(), incomingSchema).optional().describe(
    "By name. The URL of an entry is /hooks/NAME",
  ),
  out: z.array(outgoingSchema).optional(),
});

export const receiptSchema = z.strictObject({
  key: template.describe("A private key on P-256 in PEM, or awskms:/// and the ARN of a key"),
  names: z.record(z.string(), text.min(1)).optional().describe(
    "By the registry that images are pushed to: the name by which clients pull",
  ),
});

export const configSchema = z.strictObject({
  version: whole(0, 1).optional(),
  creds: z.array(credsSchema).optional(),
  defaults: defaultsSchema.optional(),
  sync: z.array(ruleSchema).optional(),
  webhooks: webhooksSchema.optional(),
  receipt: receiptSchema.optional().describe("Signs a receipt for each copied manifest"),
});

/** Content that is read on its own, so that all mistakes are found at once. */
const separate = z.unknown().transform(() => undefined);

/** The file without the content of its parts. */
export const outerSchema = configSchema.extend({
  creds: z.array(separate).optional(),
  defaults: separate,
  sync: z.array(separate).optional(),
  webhooks: separate,
  admission: separate,
  receipt: separate,
});

/** `webhooks` without the content of its entries. */
export const outerWebhooksSchema = webhooksSchema.extend({
  in: z.record(z.string(), separate).optional(),
  out: z.array(separate).optional(),
});

/** A part of the file without the keys that have a mistake. */
export type RawCreds = Partial<z.output<typeof credsSchema>>;
export type RawInherited = Partial<z.output<typeof inheritedSchema>>;
export type RawRule = Partial<z.output<typeof ruleSchema>>;
export type RawTags = z.output<typeof tagsSchema>;
