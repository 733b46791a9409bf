import assert from "node:assert/strict";
import { test } from "node:test";
import { propertiesAt } from "../../../build/reference/sync_config.ts";
import { KEY_GROUPS } from "../../../build/reference/sync_keys.ts";
import { readAdmission } from "../../../src/config/read_admission.ts";
import { parseSyncConfig } from "../../../src/config/sync_config.ts";
import { newKey } from "../../receipts/support.ts";

const paths = [...new Set(KEY_GROUPS.map(({ path }) => path))];

for (const path of paths) {
  test(`KEY_GROUPS has every key of the schema at ${path || "the top"}, once`, () => {
    const keys = KEY_GROUPS.filter((group) => group.path === path)
      .flatMap((group) => Object.keys(group.keys));
    assert.ok(keys.length > 1);
    assert.deepEqual(keys.sort(), Object.keys(propertiesAt(path)).sort());
  });
}

const PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" +
  "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
const ENV = {
  GHCR_PASS: "p",
  REFRESH_TOKEN: "t",
  RECEIPT_KEY: newKey().privateKey,
  HOOK_SECRET: "0123456789abcdef",
  CHAT_SECRET: "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
};

const RULE = {
  source: "source: alpine",
  target: "target: r.example/alpine",
  type: "type: repository",
};
const REGISTRY_RULE = {
  source: "source: a.example",
  target: "target: r.example",
  type: "type: registry",
};
const HOOK = {
  sender: "sender: harbor",
  place: "place: r.example",
  kind: "kind: header",
  name: "name: Authorization",
  secrets: 'secrets: ["0123456789abcdef"]',
};
const GOOGLE_HOOK = {
  sender: "sender: artifact-registry",
  place: "place: europe-docker.pkg.dev",
  kind: "kind: google",
  audience: "audience: https://a.example",
  emails: "emails: [a@b.example]",
};
const { name: _, ...BASIC_HOOK } = { ...HOOK, kind: "kind: basic" };
const { target: __, ...WITHOUT_TARGET } = RULE;

/** What stands beside a key in a file: a key by its path, or all keys of a path. */
const BESIDE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "": { sync: "sync: [{source: alpine, target: r.example/alpine, type: repository}]" },
  "creds[]": { registry: "registry: r.example" },
  "creds[].user": { registry: "registry: r.example", pass: "pass: p" },
  "creds[].pass": { registry: "registry: r.example", user: "user: u" },
  "creds[].credExpire": { registry: "registry: r.example", credHelper: "credHelper: x" },
  "creds[].credHost": { registry: "registry: r.example", credHelper: "credHelper: x" },
  "creds[].clientCert": {
    registry: "registry: r.example",
    clientKey: "clientKey: '{{ file \"k\" }}'",
  },
  "creds[].clientKey": {
    registry: "registry: r.example",
    clientCert: "clientCert: '{{ file \"c\" }}'",
  },
  "receipt.names": { key: "key: '{{ env \"RECEIPT_KEY\" }}'" },
  "sync[]": RULE,
  "sync[].repos": REGISTRY_RULE,
  "sync[].targets": WITHOUT_TARGET,
  "sync[].platforms": { ...RULE, index: "index: rebuild" },
  "sync[].referrerSource": { ...RULE, referrers: "referrers: true" },
  "sync[].referrerTarget": { ...RULE, referrers: "referrers: true" },
  "sync[].referrerFilters": { ...RULE, referrers: "referrers: true" },
  "sync[].index": { ...RULE, platforms: "platforms: [linux/amd64]" },
  "sync[].tags.by": { latest: "latest: 1" },
  "webhooks.in.*": HOOK,
  "webhooks.in.*.username": BASIC_HOOK,
  "webhooks.in.*.audience": GOOGLE_HOOK,
  "webhooks.in.*.emails": GOOGLE_HOOK,
  "webhooks.out[]": { url: "url: https://a.example", secrets: `secrets: [${ENV.CHAT_SECRET}]` },
};

/** A file in which the keys of a path are in braces, with those around it. */
function toFile(path: string, key: string, example: string): string {
  const whole = path === "" ? key : `${path}.${key}`;
  const beside = BESIDE[whole] ?? (path === "sync[].repos" ? {} : BESIDE[path]);
  const keys = { ...beside, [key]: example };
  const lines = Object.values(keys);
  if (path === "") return lines.join("\n");
  const [outer = "", inner] = /^(sync\[\])\.(.+)$/.exec(path)?.slice(1) ?? [path];
  const indent = (texts: readonly string[], by: string): string => texts.join(`\n${by}`);
  if (inner !== undefined) {
    const name = inner.replace("[]", "");
    const item = inner.endsWith("[]") ? "- " : "  ";
    const around = Object.values(BESIDE[`${outer}.${name}`] ?? RULE);
    return `sync:\n- ${indent(around, "  ")}\n  ${name}:\n    ${item}${indent(lines, "      ")}`;
  }
  if (outer === "webhooks.in.*") {
    return `webhooks:\n  in:\n    hook:\n      ${indent(lines, "      ")}`;
  }
  if (outer === "webhooks.out[]") return `webhooks:\n  out:\n  - ${indent(lines, "    ")}`;
  if (outer.endsWith("[]")) return `${outer.replace("[]", "")}:\n- ${indent(lines, "  ")}`;
  return `${outer}:\n  ${indent(lines, "  ")}`;
}

for (const { path, keys } of KEY_GROUPS) {
  for (const [key, { example }] of Object.entries(keys)) {
    if (example === undefined) continue;
    test(`the example of ${path}.${key} is valid in a file`, () => {
      assert.ok(example.startsWith(`${key}: `), example);
      const file = toFile(path, key, example);
      const { warnings } = parseSyncConfig(file, {
        from: "example",
        env: ENV,
        now: 0,
        allowsHelpers: true,
        readAdmission,
        readFile: () => PEM,
      });
      assert.deepEqual(warnings, [], file);
    });
  }
}
