/**
 * The shape of `crossdock.yaml`: what may stand where. What it means is read by `read_config.ts`; docs/sync.md has each key, and
 * docs/crossdock.schema.json is made of this.
 */
import * as z from "zod";
import { PlainScalar } from "./read_yaml.ts";

function sourceOf(value: unknown): unknown {
  return value instanceof PlainScalar ? value.source : value;
}

function valueOf(value: unknown): unknown {
  return value instanceof PlainScalar ? value.value : value;
}

/** `1.10` is text where text is wanted; editors are told so. */
const text = z.preprocess(sourceOf, z.string().meta({ type: ["string", "number", "boolean"] }));
const flag = z.preprocess(valueOf, z.boolean());

function word<const Word extends string>(words: readonly [Word, ...Word[]]): z.ZodType<Word> {
  return z.preprocess(sourceOf, z.enum(words)) as unknown as z.ZodType<Word>;
}

function whole(least: number, most: number): z.ZodType<number> {
  return z.preprocess(valueOf, z.int().min(least).max(most));
}

function number(least: number, most: number): z.ZodType<number> {
  return z.preprocess(valueOf, z.number().min(least).max(most));
}

const texts = z.array(text);
const template = text.describe("A Go template may stand in it");
const duration = text.describe("As Go writes it: 1h30m");

export const credsSchema = z.strictObject({
  registry: template.describe("As references name it: ghcr.io, localhost:5000, docker.io"),
  hostname: text.optional().describe("The host that answers for it, if it has another name"),
  user: template.optional(),
  pass: template.optional().describe('Better a template than the password: {{ env "GHCR_PASS" }}'),
  token: template.optional().describe("A refresh token"),
  tls: word(["enabled", "insecure", "disabled"]).optional(),
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
    "Deletes tags of the target that the rule does not select",
  ),
  ...inheritedFields,
});

const inheritedSchema = z.strictObject(inheritedFields);

const secrets = z.array(template).min(1);

const incomingFields = {
  from: z.array(template).min(1).optional().describe(
    "Registries that its events are from. Default: those that they name",
  ),
};

/** How a sender proves that an event is its own, and where that is from. */
const incomingSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("signature"), secrets, ...incomingFields }),
  z.strictObject({ kind: z.literal("header"), name: text, secrets, ...incomingFields }),
  z.strictObject({ kind: z.literal("bearer"), secrets, ...incomingFields }),
  z.strictObject({ kind: z.literal("basic"), username: template, secrets, ...incomingFields }),
  z.strictObject({
    kind: z.literal("google"),
    audience: text,
    emails: texts.min(1),
    ...incomingFields,
  }),
  z.strictObject({ kind: z.literal("path"), secrets, ...incomingFields }),
]);

const outgoingSchema = z.strictObject({
  url: template,
  secret: template.describe("whsec_ and base64, as Standard Webhooks has it"),
  events: z.array(word(["copied", "failed", "in-step"])).min(1).optional()
    .describe("Default: all of them"),
});

export const webhooksSchema = z.strictObject({
  in: z.record(z.string(), incomingSchema).optional().describe("By the sender's name"),
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
export type RawWebhooks = z.output<typeof webhooksSchema>;
