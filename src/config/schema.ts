/**
 * The shape of `crossdock.yaml`: what may stand where. What it means is read by `read_config.ts`; docs/sync.md has each key, and
 * docs/crossdock.schema.json is made of this.
 */
import * as z from "zod";
import { anyCase, flag, number, text, whole, word } from "./scalars.ts";

const texts = z.array(text);
const template = text.describe("A Go template may stand in it");
const duration = text.describe("As Go writes it: 1h30m");

export const credsSchema = z.strictObject({
  registry: template.describe("As references name it: ghcr.io, localhost:5000, docker.io"),
  hostname: text.optional().describe("The host that answers for it, if it has another name"),
  user: template.optional(),
  pass: template.optional().describe('Better a template than the password: {{ env "GHCR_PASS" }}'),
  token: template.optional().describe("A refresh token"),
  tls: anyCase(["enabled", "insecure", "disabled"]).optional(),
  repoAuth: flag.optional().describe("Tokens are for one repository each in any case"),
  reqPerSec: number(0, 10_000).optional(),
  reqConcurrent: whole(0, 1000).optional(),
});

const tagFields = {
  allow: texts.optional().describe("Regular expressions of Go, between ^ and $"),
  deny: texts.optional().describe("Regular expressions of Go, between ^ and $"),
  semverRange: texts.optional().describe('Any of them: ">=1.2 <2.0", "^1.2.3", "~1.2"'),
  latest: whole(1, 100_000).optional().describe("How many of them, the newest"),
  by: word(["semver", "created"]).optional().describe(
    "What makes a tag the newest. Default: semver",
  ),
};

export const tagsSchema = z.strictObject(tagFields);

const reposSchema = z.strictObject({ allow: texts.optional(), deny: texts.optional() });

const rateLimitSchema = z.strictObject({
  min: whole(0, 1_000_000).optional().describe("Pulls that have to be left for a copy to begin"),
  retry: duration.optional(),
});

const referrerFilterSchema = z.strictObject({
  artifactType: text.optional(),
  annotations: z.record(z.string(), text).optional(),
});

const pruneSchema = z.strictObject({
  keep: texts.optional().describe("Tags that are never deleted: regular expressions of Go"),
  maxShare: number(0, 1).optional().describe("The most that one run may delete. Default: 0.1"),
});

/** What a rule takes from `defaults` where it does not say itself. */
const inheritedFields = {
  backup: template.optional().describe("A tag or a reference for what is about to be overwritten"),
  interval: duration.optional(),
  schedule: text.optional().describe('Cron: "15 3 * * *", @daily, @every 1h'),
  ratelimit: rateLimitSchema.optional(),
  digestTags: flag.optional().describe("Copies cosign's tags sha256-….sig, too"),
  referrers: flag.optional().describe("Copies what refers to an image, too"),
  referrerFilters: z.array(referrerFilterSchema).optional(),
  referrerSource: template.optional().describe("The repository that lists referrers"),
  referrerTarget: template.optional().describe("The repository that referrers go to"),
  fastCheck: flag.optional().describe("Looks for nothing more where the digest is the same"),
  forceRecursive: flag.optional().describe("Goes through an image whose digest is the same"),
  includeExternal: flag.optional().describe("Copies layers that live outside of the registry"),
  mediaTypes: texts.optional().describe("Other manifests are left out"),
  index: word(["rebuild", "sparse", "refuse"]).optional()
    .describe("What becomes of an index of which some platforms are copied. Default: sparse"),
  verify: word(["auto", "stream", "destination"]).optional(),
  ifExists: word(["overwrite", "skip", "fail"]).optional(),
  minAge: duration.optional().describe("Images younger than that wait"),
};

export const defaultsSchema = z.strictObject({
  ...inheritedFields,
  parallel: whole(0, 256).optional().describe("Copies at once"),
  skipDockerConfig: flag.optional(),
});

export const ruleSchema = z.strictObject({
  name: text.optional().describe("Default: made of the source"),
  source: template.describe("A registry, a repository or an image, as type says"),
  target: template.optional(),
  targets: z.array(template).min(1).optional().describe("Several, in place of target"),
  type: word(["image", "repository", "registry"]),
  tags: tagsSchema.optional(),
  tagSets: z.array(tagsSchema).optional().describe("What any of them selects"),
  repos: reposSchema.optional().describe("Of type registry"),
  platform: text.optional().describe("Its image takes the place of the index"),
  platforms: texts.optional(),
  prune: pruneSchema.optional().describe(
    "Deletes tags of the target that no rule selects",
  ),
  ...inheritedFields,
});

const inheritedSchema = z.strictObject(inheritedFields);

const secrets = z.array(template).min(1);

const incomingFields = {
  sender: text.optional().describe("Which sender it is, if the name does not say: harbor"),
  place: text.optional().describe("Where its events are from: registry.example, or ghcr.io/org"),
};

/** How a sender proves that an event is its own: a proof of `webhooks/`, with templates for secrets. */
const incomingSchema = z.discriminatedUnion("kind", [
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

const outgoingSchema = z.strictObject({
  url: template,
  secrets: secrets.describe("whsec_ and base64; with several there is a signature by each"),
  events: z.array(word(["copied", "failed", "in_step"])).min(1).optional()
    .describe("Default: all of them"),
});

export const webhooksSchema = z.strictObject({
  in: z.record(z.string(), incomingSchema).optional().describe(
    "By the name that their URLs have: /hooks/NAME",
  ),
  out: z.array(outgoingSchema).optional(),
});

export const configSchema = z.strictObject({
  version: whole(0, 1).optional(),
  creds: z.array(credsSchema).optional(),
  defaults: defaultsSchema.optional(),
  sync: z.array(ruleSchema).optional(),
  webhooks: webhooksSchema.optional(),
});

/** The same but for what is in the parts, so that each of them is checked by itself. */
export const outerSchema = configSchema.extend({
  creds: z.array(z.unknown()).default([]),
  defaults: z.unknown().optional(),
  sync: z.array(z.unknown()).default([]),
  webhooks: z.unknown().optional(),
});

export type RawCreds = z.output<typeof credsSchema>;
export type RawInherited = z.output<typeof inheritedSchema>;
export type RawDefaults = z.output<typeof defaultsSchema>;
export type RawRule = z.output<typeof ruleSchema>;
export type RawTags = z.output<typeof tagsSchema>;
export type RawIncoming = z.output<typeof incomingSchema>;
export type RawWebhooks = z.output<typeof webhooksSchema>;
