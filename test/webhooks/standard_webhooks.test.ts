import assert from "node:assert/strict";
import { test } from "node:test";
import { Webhook } from "standardwebhooks";
import {
  findSignatureFault,
  isSigningSecret,
  signWebhook,
} from "../../src/webhooks/standard_webhooks.ts";

const SECRET = `whsec_${btoa("a secret of thirty-two characters")}`;
const OTHER = btoa("another secret, without a prefix!");

/** The package reads the host's clock. */
const NOW = Date.now();
const TIMESTAMP = `${Math.floor(NOW / 1000)}`;
const TEXT = '{"a": "ä\\u0000"}';
const MESSAGE = { id: "msg_1", timestamp: TIMESTAMP, body: new TextEncoder().encode(TEXT) };

for (const secret of [SECRET, OTHER]) {
  test(`signWebhook() signs with ${secret} as standardwebhooks does`, async () => {
    const expected = new Webhook(secret).sign("msg_1", new Date(NOW), TEXT);
    assert.equal(await signWebhook(MESSAGE, secret), expected);
  });
}

test("signWebhook() rejects a text that is no secret, without quoting it", async () => {
  await assert.rejects(signWebhook(MESSAGE, "whsec_hunter2!"), (error: Error) => {
    assert.ok(error instanceof TypeError);
    assert.doesNotMatch(error.message, /hunter2/);
    return true;
  });
});

const SECRETS: readonly (readonly [text: string, expected: boolean])[] = [
  [SECRET, true],
  [OTHER, true],
  ["whsec_AAAA", true],
  ["whsec_AA==", true],
  ["whsec_", false],
  ["", false],
  ["whsec_A", false],
  ["whsec_AA=", false],
  ["whsec_AA_A", false],
  ["whsec_AA A", false],
];

for (const [text, expected] of SECRETS) {
  test(`isSigningSecret() returns ${expected} for ${JSON.stringify(text)}`, () => {
    assert.equal(isSigningSecret(text), expected);
  });
}

const SIGNATURE = new Webhook(SECRET).sign("msg_1", new Date(NOW), TEXT);

interface Case {
  readonly what: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly secrets?: readonly string[];
  readonly at?: number;
  readonly fault?: string;
}

const CASES: readonly Case[] = [
  { what: "a signature of standardwebhooks" },
  { what: "one of several secrets", secrets: [OTHER, SECRET] },
  { what: "one of several signatures", headers: { "webhook-signature": `v1,AAAA ${SIGNATURE}` } },
  { what: "a request that is almost five minutes old", at: NOW + 299_000 },
  { what: "an old request", at: NOW + 302_000, fault: "message timestamp too old" },
  { what: "a request from the future", at: NOW - 302_000, fault: "message timestamp too new" },
  { what: "another body", body: `${TEXT} `, fault: "no matching signature found" },
  { what: "another id", headers: { "webhook-id": "msg_2" }, fault: "no matching signature found" },
  { what: "another secret", secrets: [OTHER], fault: "no matching signature found" },
  { what: "no secret", secrets: [], fault: "no matching signature found" },
  {
    what: "another version",
    headers: { "webhook-signature": SIGNATURE.replace("v1", "v1a") },
    fault: "no matching signature found",
  },
  {
    what: "a signature that is not base64",
    headers: { "webhook-signature": "v1,? v1" },
    fault: "no matching signature found",
  },
  { what: "no id", headers: { "webhook-id": "" }, fault: "missing required headers" },
  { what: "no signature", headers: { "webhook-signature": "" }, fault: "missing required headers" },
  {
    what: "a time that is no number",
    headers: { "webhook-timestamp": "1e9" },
    fault: "invalid signature headers",
  },
];

for (const { what, headers, body = TEXT, secrets = [SECRET], at = NOW, fault } of CASES) {
  test(`findSignatureFault() ${fault ? `rejects ${what}` : `accepts ${what}`}`, async () => {
    const request = {
      headers: new Headers({
        "webhook-id": "msg_1",
        "webhook-timestamp": TIMESTAMP,
        "webhook-signature": SIGNATURE,
        ...headers,
      }),
      body: new TextEncoder().encode(body),
    };
    assert.equal(await findSignatureFault(request, { secrets, now: at }), fault);
  });
}
