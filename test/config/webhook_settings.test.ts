import assert from "node:assert/strict";
import { test } from "node:test";
import { ENV, parse } from "../sync/setup.ts";
import { testMistakes } from "./cases.ts";

const SECRET = "0123456789abcdef";

test("parseSyncConfig() reads webhooks", () => {
  const { config } = parse(`
webhooks:
  in:
    docker-hub: {kind: path, secrets: ['{{ env "HOOK" }}']}
    distribution:
      {place: a.example, kind: basic, username: '{{ env "USER" }}', secrets: [${SECRET}1, ${SECRET}2]}
    harbor-eu: {sender: harbor, place: eu.example/team, kind: header, name: Authorization, secrets: [${SECRET}]}
    artifact-registry:
      {place: x.example, kind: google, audience: https://x.example, emails: [a@b.example]}
  out:
    - {url: https://x.example/hook, secrets: ['whsec_{{ env "BASE64" }}']}
    - {url: https://x.example/hook, secrets: [whsec_AAAA, whsec_BBBB], events: [failed, in_step]}
`);
  assert.deepEqual([...config.webhooks.incoming], [
    ["docker-hub", {
      sender: "docker-hub",
      place: "docker.io",
      proof: { kind: "path", secrets: [ENV.HOOK] },
    }],
    ["distribution", {
      sender: "distribution",
      place: "a.example",
      proof: { kind: "basic", username: "ann", secrets: [`${SECRET}1`, `${SECRET}2`] },
    }],
    ["harbor-eu", {
      sender: "harbor",
      place: "eu.example/team",
      proof: { kind: "header", name: "Authorization", secrets: [SECRET] },
    }],
    ["artifact-registry", {
      sender: "artifact-registry",
      place: "x.example",
      proof: { kind: "google", audience: "https://x.example", emails: ["a@b.example"] },
    }],
  ]);
  assert.deepEqual(config.webhooks.outgoing, [
    {
      url: "https://x.example/hook",
      secrets: ["whsec_c2VjcmV0"],
      events: ["copied", "failed", "in_step"],
    },
    {
      url: "https://x.example/hook",
      secrets: ["whsec_AAAA", "whsec_BBBB"],
      events: ["failed", "in_step"],
    },
  ]);
});

testMistakes([
  [
    "a proof of another kind",
    "webhooks: {in: {quay: {kind: none}}}",
    /webhooks\.in\.quay\.kind: expected signature, header, bearer, basic, google or path/,
  ],
  [
    "an empty secret",
    "webhooks: {in: {quay: {kind: path, secrets: ['{{ env \"NONE\" }}']}}}",
    /webhooks\.in\.quay\.secrets\[0\]: is empty; variable NONE/,
  ],
  [
    "no secret",
    "webhooks: {in: {quay: {kind: path, secrets: []}}}",
    /secrets: expected at least one/,
  ],
  [
    "a proof's unknown key",
    "webhooks: {in: {quay: {kind: path, secret: a, secrets: [0123456789abcdef]}}}",
    /webhooks\.in\.quay\.secret: there is no such key; did you mean secrets/,
  ],
  [
    "a sender that is none",
    `webhooks: {in: {dockerhub: {kind: path, secrets: [${SECRET}]}}}`,
    /f:1:17: webhooks\.in\.dockerhub: there is no such sender; did you mean docker-hub/,
  ],
  [
    "a short secret",
    "webhooks: {in: {quay: {kind: path, secrets: [short]}}}",
    /webhooks\.in\.quay\.secrets\[0\]: expected a secret of at least 16 characters/,
  ],
  [
    "a proof that the sender cannot give",
    `webhooks: {in: {github: {kind: header, name: x, secrets: [${SECRET}]}}}`,
    /webhooks\.in\.github\.kind: .* does not support the proof header, expected signature/,
  ],
  [
    "a hook that does not say where its events are from",
    `webhooks: {in: {harbor: {kind: header, name: x, secrets: [${SECRET}]}}}`,
    /webhooks\.in\.harbor\.place: is missing/,
  ],
  [
    "a place that is none",
    `webhooks: {in: {harbor: {place: harbor, kind: header, name: x, secrets: [${SECRET}]}}}`,
    /webhooks\.in\.harbor\.place: "harbor" names no registry/,
  ],
  [
    "a sender under another name that is none",
    `webhooks: {in: {eu: {sender: harbour, kind: path, secrets: [${SECRET}]}}}`,
    /webhooks\.in\.eu\.sender: there is no such sender; did you mean harbor$/,
  ],
  [
    "a name that no URL has",
    `webhooks: {in: {a/b: {sender: quay, kind: path, secrets: [${SECRET}]}}}`,
    /webhooks\.in\."a\/b": expected a-z, 0-9/,
  ],
  [
    "a secret for signatures that is no base64",
    "webhooks: {out: [{url: https://a.example, secrets: ['whsec_?']}]}",
    /webhooks\.out\[0\]\.secrets: a secret is not base64, expected whsec_ and base64/,
  ],
  [
    "a URL that is none",
    "webhooks: {out: [{url: ftp://a, secrets: [whsec_AAAA]}]}",
    /webhooks\.out\[0\]\.url: expected an http or https URL/,
  ],
  [
    "a URL with a password",
    "webhooks: {out: [{url: 'https://u:hunter2@a.example', secrets: [whsec_AAAA]}]}",
    /webhooks\.out\[0\]\.url: expected a URL without a username and password; use secrets$/,
  ],
  [
    "an event that is none",
    "webhooks: {out: [{url: https://a.example, secrets: [whsec_AAAA], events: [x]}]}",
    /events\[0\]: expected copied, failed or in_step/,
  ],
]);
