/** The messages of the validation library never reach a user. Each border gets wrong documents: valid ones with a wrong member. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PLAN, REPORT, STEPS } from "../../build/api/examples.ts";
import { SYNC_REPORT } from "../../build/api/sync_examples.ts";
import { parseDockerConfig } from "../../src/auth/docker_config.ts";
import { parseJson } from "../../src/client/parse_json.ts";
import { parseAccessTokens } from "../../src/config/access_tokens.ts";
import { parseConfig } from "../../src/config/parse_config.ts";
import { parseSyncConfig } from "../../src/config/sync_config.ts";
import { planSchema } from "../../src/copy/schemas.ts";
import { parseCopyRequest } from "../../src/copy/request.ts";
import { parseStep } from "../../src/copy/step.ts";
import { CrossdockError, ParseError } from "../../src/errors.ts";
import { parseDockerManifest } from "../../src/layouts/docker_archive_manifest.ts";
import { parseRuleStep } from "../../src/rules/workflow_rule.ts";
import { streamEventSchema, syncStreamEventSchema } from "../../src/stream_events.ts";
import { ruleStepSchema } from "../../src/sync/rule_steps.ts";
import { safeParse } from "../../src/schema.ts";
import { startDocumentedApp, TOKEN } from "../server/documented_app.ts";

/** Beginnings of the library's messages, in its English locale. */
const FOREIGN =
  /Invalid (input|option|discriminator|string|number|key|value|URL|email|[a-z]+$)|Too (small|big)|Unrecognized key|received (undefined|null|string|number|array|object|boolean|NaN)|expected (string|number|boolean|array|object|record|int)\b|must (match|start|end|include)|ZodError/;

/** A wrong value in place of one member, at any depth, or a member that is missing or unknown. */
function wrong(document: unknown): fc.Arbitrary<unknown> {
  const places = listPlaces(document);
  return fc.tuple(
    fc.constantFrom(...places),
    fc.constantFrom("replace", "delete", "add"),
    fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom(null, -1, 1.5, 1e300, "", "x", [], {}, true, "x".repeat(5000)),
    ),
  ).map(([place, how, value]) => {
    const copy = structuredClone(document) as Record<string, unknown>;
    const inner = place.slice(0, -1).reduce<Record<string, unknown>>(
      (parent, key) => parent[key] as Record<string, unknown>,
      copy,
    );
    const last = place.at(-1) ?? "";
    if (place.length === 0) return value;
    if (how === "replace") inner[last] = value;
    else if (how === "delete") delete inner[last];
    else if (!Array.isArray(inner)) inner[`x${last}`] = value;
    return copy;
  });
}

function listPlaces(value: unknown, place: readonly string[] = []): string[][] {
  const inner = typeof value === "object" && value !== null ? Object.entries(value) : [];
  return [[...place], ...inner.flatMap(([key, member]) => listPlaces(member, [...place, key]))];
}

const COPY = {
  source: "a.io/app:1",
  destination: "b.io/app:1",
  platforms: ["linux/amd64"],
  index: "rebuild",
  referrers: true,
  referrerFilters: [{ artifactType: "a/b", annotations: { a: "b" } }],
  verify: "auto",
  ifExists: "fail",
};

const RULE_STEP = {
  type: "images",
  repository: "a.io/b",
  tags: ["1"],
  mayBeMissing: false,
  startedPulls: 0,
};

const CONFIG = {
  creds: [{ registry: "a.io", user: "u", pass: "p", tls: "enabled", reqPerSec: 3 }],
  defaults: { parallel: 2, interval: "1h", ratelimit: { min: 3, retry: "15m" } },
  sync: [{
    source: "a.io/app",
    target: "b.io/app",
    type: "repository",
    tags: { allow: ["1.*"], semverRange: [">1"], latest: 3 },
    platforms: ["linux/amd64"],
    prune: { maxShare: 0.5 },
  }],
  webhooks: {
    in: { plain: { kind: "bearer", place: "a.io", secrets: ["0123456789abcdef"] } },
    out: [{
      url: "https://a.io/",
      secrets: ["whsec_MDEyMzQ1Njc4OWFiY2RlZg=="],
      events: ["failed"],
    }],
  },
};

const DOCKER = {
  auths: { "a.io": { auth: "dTpw" }, "b.io": { username: "u", password: "p" } },
  credHelpers: { "c.io": "ecr-login" },
  credsStore: "pass",
};

const VARIABLES = {
  CROSSDOCK_OPEN: "true",
  CROSSDOCK_LOG: "info",
  CROSSDOCK_VERIFY: "auto",
  CROSSDOCK_MAX_COPIES: "3",
  CROSSDOCK_TIMEOUT_MS: "5000",
  CROSSDOCK_TOKENS: JSON.stringify({ ci: "0123456789abcdef" }),
  PORT: "80",
  HOST: "a.io",
};

/** Each border: how it reads a document, and a valid document. */
const BORDERS: Readonly<
  Record<string, readonly [read: (value: unknown) => unknown, document: unknown]>
> = {
  "parseCopyRequest()": [parseCopyRequest, COPY],
  "parseStep() of a blob": [parseStep, STEPS.blob],
  "parseStep() of a manifest": [parseStep, STEPS.manifest],
  "parseStep() of referrers": [parseStep, STEPS.referrers],
  "parseRuleStep()": [parseRuleStep, { rule: "a", step: { ...RULE_STEP } }],
  "parseSyncConfig()": [
    (value) => parseSyncConfig(JSON.stringify(value), { from: "a.yaml", env: {}, now: 0 }),
    CONFIG,
  ],
  "parseDockerConfig()": [
    (value) => parseDockerConfig(JSON.stringify(value), "config.json"),
    DOCKER,
  ],
  "parseDockerManifest()": [
    (value) => parseDockerManifest(new TextEncoder().encode(JSON.stringify(value)), "a.tar"),
    [{ Config: "a.json", RepoTags: ["a:1"], Layers: ["a.tar"] }],
  ],
  "parseAccessTokens()": [
    (value) => parseAccessTokens(JSON.stringify(value)),
    { ci: "0123456789abcdef", board: { token: "0123456789abcdeg", scope: "read" } },
  ],
  "parseConfig()": [(value) => parseConfig((value ?? {}) as typeof VARIABLES), VARIABLES],
  "parseJson() of a plan": [(value) => parseJson(JSON.stringify(value), planSchema), PLAN],
};

for (const [name, [read, document]] of Object.entries(BORDERS)) {
  test(`${name} names mistakes in our words`, () => {
    let mistakes = 0;
    fc.assert(
      fc.property(wrong(document), (value) => {
        try {
          read(value);
        } catch (error) {
          mistakes++;
          assert.ok(error instanceof Error);
          assert.doesNotMatch(error.message, FOREIGN);
          const isOurs = error instanceof ParseError || error instanceof CrossdockError;
          assert.ok(isOurs || name.startsWith("parseJson"), `${error.name}: ${error.message}`);
        }
      }),
      { numRuns: 300 },
    );
    assert.ok(mistakes > 30, `${mistakes} documents were rejected`);
  });
}

const SCHEMAS = {
  events: [streamEventSchema, { type: "report", report: REPORT }],
  syncEvents: [syncStreamEventSchema, { type: "report", report: SYNC_REPORT }],
  ruleSteps: [ruleStepSchema, RULE_STEP],
} as const;

for (const [name, [schema, document]] of Object.entries(SCHEMAS)) {
  test(`safeParse() of ${name} has no message of the library at any depth`, () => {
    fc.assert(
      fc.property(wrong(document), fc.boolean(), (value, quotes) => {
        const { error } = safeParse(schema, value, { quotes });
        assert.doesNotMatch(JSON.stringify(error?.issues ?? []), FOREIGN);
      }),
      { numRuns: 300 },
    );
  });
}

await using documented = await startDocumentedApp();

const CALLS: Readonly<Record<string, unknown>> = {
  "/v1/copies": COPY,
  "/v1/plans": COPY,
  "/v1/verifications": { source: "a.io/app:1", destination: "b.io/app:1" },
  "/v1/steps": STEPS.blob,
  "/v1/syncs": { rules: ["alpine"], dryRun: true },
};

for (const [path, body] of Object.entries(CALLS)) {
  test(`POST ${path} names mistakes of its body in our words`, async () => {
    await fc.assert(
      fc.asyncProperty(wrong(body), async (value) => {
        const response = await documented.app.request(path, {
          method: "POST",
          headers: { "authorization": `Bearer ${TOKEN}`, "content-type": "application/json" },
          body: JSON.stringify(value),
        });
        assert.doesNotMatch(await response.text(), FOREIGN);
        assert.notEqual(response.status, 500);
      }),
      { numRuns: 100 },
    );
  });
}

const QUERIES = ["reference", "repository", "survey", "manifests", "rule", "other"];

test("GET calls name mistakes of their queries in our words", async () => {
  const query = fc.array(
    fc.tuple(
      fc.constantFrom(...QUERIES),
      fc.constantFrom("", "x", "a.io/b", "é", "1".repeat(2000)),
    ),
    { maxLength: 3 },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("/v1/images", "/v1/tags", "/v1/syncs"),
      query,
      async (path, pairs) => {
        const response = await documented.app.request(`${path}?${new URLSearchParams(pairs)}`, {
          headers: { authorization: `Bearer ${TOKEN}` },
        });
        assert.doesNotMatch(await response.text(), FOREIGN);
        assert.notEqual(response.status, 500);
      },
    ),
    { numRuns: 100 },
  );
});
