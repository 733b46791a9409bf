import assert from "node:assert/strict";
import { test } from "node:test";
import { ParseError } from "../../../src/errors.ts";
import { proofSchema } from "../../../src/webhooks/incoming/proof.ts";
import { checkProof } from "../../../src/webhooks/incoming/sender.ts";
import type { Proof } from "../../../src/webhooks/incoming/proof.ts";
import { isSenderName, senders } from "../../../src/webhooks/incoming/senders.ts";
import { CASES, SECRET, WHSEC } from "./cases.ts";

test("proofSchema takes the proofs of all cases", () => {
  for (const { proof } of CASES) assert.deepEqual(proofSchema.parse(proof), proof);
});

const BAD: readonly [name: string, proof: unknown][] = [
  ["a short secret", { kind: "signature", secrets: ["0123456789abcde"] }],
  ["no secret", { kind: "signature", secrets: [] }],
  ["an unknown kind", { kind: "md5", secrets: [SECRET] }],
  ["an unknown member", { kind: "bearer", secrets: [SECRET], secret: SECRET }],
  ["a header with a space", { kind: "header", name: "x y", secrets: [SECRET] }],
  ["a username with a colon", { kind: "basic", username: "a:b", secrets: [SECRET] }],
  ["a path's secret with a slash", { kind: "path", secrets: ["0123456789abcdef/"] }],
  ["no service account", { kind: "google", audience: "a", emails: [] }],
  ["a service account that is none", { kind: "google", audience: "a", emails: ["x"] }],
];

for (const [name, proof] of BAD) {
  test(`proofSchema rejects ${name} and does not quote it`, () => {
    const { error } = proofSchema.safeParse(proof);
    assert.ok(error);
    assert.ok(!error.message.includes(SECRET) && !error.message.includes("0123456789"));
  });
}

test("checkProof() lists the proofs of a sender", () => {
  const bearer: Proof = { kind: "bearer", secrets: [SECRET] };
  checkProof(senders.harbor, bearer);
  assert.throws(() => checkProof(senders.github, bearer), {
    name: "ParseError",
    message: "GitHub does not support the proof bearer, expected signature",
  });
});

test("checkProof() wants base64 for Standard Webhooks", () => {
  checkProof(senders.plain, { kind: "signature", secrets: [WHSEC] });
  const bad: Proof = { kind: "signature", secrets: [WHSEC, SECRET] };
  assert.throws(() => checkProof(senders.plain, bad), (error) => {
    assert.ok(error instanceof ParseError);
    assert.ok(!`${error.message} ${error.cause}`.includes(SECRET));
    return true;
  });
});

test("senders that cannot sign have a proof by path, the others have none", () => {
  const byPath = Object.entries(senders).filter(([, { proofs }]) => proofs.includes("path"));
  assert.deepEqual(byPath.map(([name]) => name), ["docker-hub", "event-grid", "quay"]);
});

test("isSenderName() is false for inherited names", () => {
  assert.equal(isSenderName("github"), true);
  for (const name of ["toString", "__proto__", "GitHub", ""]) {
    assert.equal(isSenderName(name), false, name);
  }
});
