import assert from "node:assert/strict";
import { test } from "node:test";
import { createRuntime } from "../../../src/hosts/detect.ts";
import { receive } from "../../../src/webhooks/incoming/receive.ts";
import type { Received } from "../../../src/webhooks/incoming/sender.ts";
import { senders } from "../../../src/webhooks/incoming/senders.ts";
import { MAX_WEBHOOK_BYTES, WebhookError } from "../../../src/webhooks/incoming/webhook_error.ts";
import type { WebhookErrorCode } from "../../../src/webhooks/incoming/webhook_error.ts";
import {
  BY_DIGEST,
  CASES,
  IGNORED,
  PATH_SECRET,
  readFixture,
  SECRET,
  signStandard,
  WHSEC,
} from "./cases.ts";
import type { SenderCase } from "./cases.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const runtime = await createRuntime();

interface Sent {
  /** Default: the case's. */
  body?: Bytes;
  /** What was signed, where that is something else. */
  signed?: Bytes;
  /** Headers in place of those of the proof. */
  proof?: Readonly<Record<string, string>>;
  pathSecret?: string | undefined;
  method?: string;
  /** Default: gives the body. */
  readBody?: () => Promise<Bytes>;
}

function send(one: SenderCase, sent: Sent = {}): Promise<Received> {
  const body = sent.body ?? readFixture(one.fixture);
  const headers = new Headers({
    ...one.headers,
    ...sent.proof ?? one.sign(sent.signed ?? body),
  });
  const pathSecret = "pathSecret" in sent ? sent.pathSecret : PATH_SECRET;
  const readBody = sent.readBody ?? ((): Promise<Bytes> => Promise.resolve(body));
  return receive(one.name, { method: sent.method ?? "POST", headers, readBody, pathSecret }, {
    proof: one.proof,
    runtime,
  });
}

/** Expects a refusal that shows neither a secret nor anything of the body. */
async function assertRefused(received: Promise<Received>, code: WebhookErrorCode): Promise<void> {
  await assert.rejects(received, (error) => {
    assert.ok(error instanceof WebhookError, `${error}`);
    assert.equal(error.code, code);
    const shown = `${error.message} ${error.hint} ${error.cause}`;
    for (const secret of [SECRET, PATH_SECRET, WHSEC, "acme", "team/", "1.4.2", "builder"]) {
      assert.ok(!shown.includes(secret), shown);
    }
    return true;
  });
}

/** By the name of a sender or of a fixture. */
function findCase(name: string): SenderCase {
  const one = CASES.find((candidate) => candidate.fixture === name || candidate.name === name);
  assert.ok(one, name);
  return one;
}

function encode(value: unknown): Bytes {
  return new TextEncoder().encode(JSON.stringify(value));
}

const textOf = (bytes: Bytes): string => new TextDecoder().decode(bytes);

test("receive() of distribution and Event Grid reads the good events beside a malformed one", async () => {
  const change = {
    "distribution": (body: { events: unknown[] }) => body.events.unshift({ action: 7 }, null),
    "event-grid": (body: unknown[]) =>
      body.unshift({ eventType: "Microsoft.ContainerRegistry.ImagePushed", data: {} }, 7),
  };
  for (const [name, changeBody] of Object.entries(change)) {
    const one = findCase(name);
    const value = JSON.parse(textOf(readFixture(one.fixture)));
    changeBody(value);
    assert.deepEqual(await send(one, { body: encode(value) }), {
      kind: "events",
      events: one.events,
    });
  }
});

test("receive() rejects an event with more pushes than anybody sends at once", async () => {
  const one = findCase("quay");
  const value = JSON.parse(textOf(readFixture(one.fixture)));
  value.updated_tags = Array.from({ length: 1001 }, (_, i) => `t${i}`);
  await assertRefused(send(one, { body: encode(value) }), "limit");
  value.updated_tags.pop();
  assert.equal((await send(one, { body: encode(value) })).kind, "events");
});

test("receive() leaves out a push with a malformed tag beside others", async () => {
  const one = findCase("quay");
  const value = JSON.parse(textOf(readFixture(one.fixture)));
  value.updated_tags = ["../../x", "a\nb", ...value.updated_tags, "x".repeat(200)];
  assert.deepEqual(await send(one, { body: encode(value) }), {
    kind: "events",
    events: one.events,
  });
});

test("receive() reads null of Go programs as nothing", async () => {
  const empty = await send(findCase("distribution"), { body: encode({ events: null }) });
  assert.equal(empty.kind, "ignored");
  const quay = JSON.parse(textOf(readFixture("quay")));
  const build = await send(findCase("quay"), { body: encode({ ...quay, updated_tags: null }) });
  assert.equal(build.kind, "ignored");
});

test("receive() of Harbor reads its CloudEvents by their type, whatever the content type is", async () => {
  const one = findCase("harbor_cloudevents");
  for (const type of ["application/json", "Application/CloudEvents+JSON", ""]) {
    const proof = { ...one.sign(readFixture(one.fixture)), "content-type": type };
    assert.deepEqual((await send(one, { proof })).kind, "events", type);
  }
});

test("receive() names the compression of a body", async () => {
  const body = new Uint8Array([0x1f, 0x8b, 0x08, 0]);
  const one = findCase("quay");
  await assert.rejects(send(one, { body, proof: { "content-encoding": "gzip" } }), {
    hint: "turn off the compression of the body at the sender",
  });
});

for (const one of CASES) {
  const name = `receive() of ${one.name}, ${one.fixture} by ${one.proof.kind}`;

  test(`${name}, gives its events`, async () => {
    assert.deepEqual(await send(one), { kind: "events", events: one.events });
  });

  test(`${name}, rejects a wrong and a missing proof`, async () => {
    const isPath = one.proof.kind === "path";
    const right = one.sign(readFixture(one.fixture));
    const wrong = Object.fromEntries(
      Object.entries(right).map(([header, value]) => [header, value.replace(/.$/, "!")]),
    );
    const code = isPath ? "not_found" : "unauthorized";
    await assertRefused(send(one, { proof: wrong, pathSecret: `${PATH_SECRET}x` }), code);
    await assertRefused(send(one, { proof: {}, pathSecret: undefined }), code);
    await assertRefused(send(one, { proof: {}, pathSecret: "" }), code);
  });

  test(`${name}, reads no body before the checks that need none`, async () => {
    const readBody = (): Promise<Bytes> => Promise.reject(new Error("the body was read"));
    const code = one.proof.kind === "path" ? "not_found" : "unauthorized";
    const isStandard = one.proof.kind === "signature" && "webhook-id" in one.sign(new Uint8Array());
    const refused = send(one, { proof: {}, pathSecret: "wrong", readBody });
    if (isStandard) await assert.rejects(refused, /the body was read/);
    else await assertRefused(refused, code);
  });

  test(`${name}, refuses what is malformed`, async () => {
    const texts = ["", "{", "null", "[]", "{}", "7", '"x"', '{"events":[{}]}', "payload=%7B%7D"];
    for (const text of texts) {
      await assertRefused(send(one, { body: new TextEncoder().encode(text) }), "usage");
    }
    const noText = send(one, { body: new Uint8Array([0x7b, 0xff, 0x7d]) });
    await assertRefused(noText, "usage");
  });

  test(`${name}, rejects a body above the limit`, async () => {
    const padded = new Uint8Array(MAX_WEBHOOK_BYTES + 1).fill(0x20);
    padded.set(readFixture(one.fixture));
    await assertRefused(send(one, { body: padded }), "limit");
    const longest = padded.slice(0, MAX_WEBHOOK_BYTES);
    assert.equal((await send(one, { body: longest })).kind, "events");
  });

  const { proof } = one;
  if (proof.kind === "signature") {
    test(`${name}, rejects a changed body`, async () => {
      const signed = readFixture(one.fixture);
      const body = new TextEncoder().encode(textOf(signed).replace("1.4.2", "1.4.3"));
      await assertRefused(send(one, { body, signed }), "unauthorized");
      const spaced = new Uint8Array([...signed, 0x20]);
      await assertRefused(send(one, { body: spaced, signed }), "unauthorized");
    });

    test(`${name}, takes any of several secrets`, async () => {
      const secrets = [`whsec_${btoa("another one, of no use here")}`, ...proof.secrets];
      const received = await send({ ...one, proof: { kind: "signature", secrets } });
      assert.equal(received.kind, "events");
    });
  }
}

for (const { name, why, fixture, headers = {}, change } of IGNORED) {
  test(`receive() of ${name} ignores ${fixture}: ${why}${change ? ` (${change})` : ""}`, async () => {
    const value = JSON.parse(textOf(readFixture(fixture)));
    change?.(value);
    const body = encode(value);
    const one = CASES.find((candidate) => candidate.fixture === fixture) ?? findCase(name);
    assert.deepEqual(await send({ ...one, headers }, { body }), { kind: "ignored", why });
  });
}

for (const { name, fixture, headers = {}, change } of BY_DIGEST) {
  test(`receive() of ${name} reads a push by digest: ${fixture}${change ? ` (${change})` : ""}`, async () => {
    const value = JSON.parse(textOf(readFixture(fixture)));
    change?.(value);
    const one = CASES.find((candidate) => candidate.fixture === fixture) ??
      findCase(name);
    const received = await send({ ...one, headers }, { body: encode(value) });
    assert.ok(received.kind === "events");
    const [event, ...others] = received.events;
    assert.deepEqual([event?.tag, others], [undefined, []]);
    assert.match(event?.digest ?? "", /^sha256:[0-9a-f]{64}$/);
  });
}

const BAD_NAMES: readonly [fixture: string, from: string, to: string][] = [
  ["docker_hub", '"acme/app"', '"../../etc"'],
  ["docker_hub", '"1.4.2"', '"1.4.2 or so"'],
  ["quay", '"acme/app"', '"Acme/App"'],
  ["harbor", '"team/sub/app"', '"team//app"'],
  ["artifactory", '"docker-local"', '"evil.example/x"'],
  ["artifactory", '"team/app/1.4.2/list.manifest.json"', '"list.manifest.json"'],
  ["nexus_component", '"docker-hosted"', '"evil.example:80"'],
  ["ecr", '"123456789012"', '"evil.example/12"'],
  ["ecr", '"eu-central-1"', '"evil.example/"'],
  ["plain", '"ghcr.io/acme/app"', '"ghcr.io/acme/app:1"'],
  ["plain", '"tag"', '"tags"'],
];

for (const [fixture, from, to] of BAD_NAMES) {
  test(`receive() rejects ${fixture} with ${to} for ${from}`, async () => {
    const one = findCase(fixture);
    const text = textOf(readFixture(fixture));
    assert.ok(text.includes(from));
    const body = new TextEncoder().encode(text.replaceAll(from, to));
    await assertRefused(send(one, { body }), "usage");
  });
}

test("receive() leaves out an identifier without end", async () => {
  const headers = { "x-gitea-event": "package", "x-gitea-delivery": "9".repeat(201) };
  const received = await send({ ...findCase("gitea"), headers });
  assert.ok(received.kind === "events");
  assert.equal(received.events[0]?.id, undefined);
});

test("receive() of distribution returns events of schema 1, so that the copy can reject it", async () => {
  const text = textOf(readFixture("distribution")).replaceAll(
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
  );
  const received = await send(findCase("distribution"), { body: new TextEncoder().encode(text) });
  assert.equal(received.kind === "events" && received.events.length, 3);
});

test("receive() leaves out a digest that is none", async () => {
  const one = findCase("ecr");
  const body = new TextEncoder().encode(
    textOf(readFixture("ecr")).replace(/sha256:d+/, "sha256:d"),
  );
  const received = await send(one, { body });
  assert.equal(received.kind === "events" && received.events[0]?.digest, undefined);
});

test("receive() of ecr accepts the regions of China", async () => {
  const one = findCase("ecr");
  const text = textOf(readFixture("ecr")).replaceAll("eu-central-1", "cn-north-1");
  const received = await send(one, { body: new TextEncoder().encode(text) });
  assert.equal(
    received.kind === "events" && received.events[0]?.registry,
    "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",
  );
});

test("receive() of plain reads an event without a tag as one of the repository", async () => {
  const one = findCase("plain");
  const received = await send(one, { body: encode({ repository: "alpine" }) });
  const events = [{ registry: "docker.io", repository: "library/alpine", id: "msg_1" }];
  assert.deepEqual(received, { kind: "events", events });
});

test("receive() of plain rejects a signature six minutes in the past or in the future", async () => {
  const one = findCase("plain");
  const body = readFixture("plain");
  for (const minutes of [-6, 6]) {
    const proof = signStandard(body, { at: Date.now() + minutes * 60_000 });
    await assertRefused(send(one, { proof }), "unauthorized");
  }
  const proof = signStandard(body, { at: Date.now() - 4 * 60_000 });
  assert.equal((await send(one, { proof })).kind, "events");
});

test("receive() of event-grid answers the handshake, and only with the path's secret", async () => {
  const one = findCase("event-grid");
  const body = readFixture("event_grid_validation");
  assert.deepEqual(await send(one, { body }), {
    kind: "answer",
    status: 200,
    headers: { "content-type": "application/json" },
    body: '{"validationResponse":"512d38b6-c7b8-40c8-89fe-f46f9e9622b6"}',
  });
  await assertRefused(send(one, { body, pathSecret: "wrong" }), "not_found");
});

test("receive() of event-grid answers OPTIONS as CloudEvents has it", async () => {
  const one = findCase("event-grid");
  const body = new Uint8Array();
  const proof = { "webhook-request-origin": "eventgrid.azure.net", "webhook-request-rate": "120" };
  assert.deepEqual(await send(one, { method: "OPTIONS", proof, body }), {
    kind: "answer",
    status: 200,
    headers: { "webhook-allowed-origin": "eventgrid.azure.net", "webhook-allowed-rate": "*" },
    body: "",
  });
  await assertRefused(send(one, { method: "OPTIONS", proof: {}, body }), "usage");
  const away = send(one, { method: "OPTIONS", proof, body, pathSecret: "wrong" });
  await assertRefused(away, "not_found");
});

test("receive() rejects OPTIONS of other senders", async () => {
  for (const one of CASES.filter(({ name }) => name !== "event-grid")) {
    await assertRefused(send(one, { method: "OPTIONS" }), "usage");
  }
});

test("receive() throws for a proof that the sender does not support", async () => {
  const one = findCase("github");
  const proof = { kind: "bearer" as const, secrets: [SECRET] };
  await assert.rejects(send({ ...one, proof }), TypeError);
});

test("receive() never accepts an empty secret", async () => {
  for (const name of ["docker-hub", "github", "harbor", "distribution"]) {
    const one = findCase(name);
    assert.ok(one.proof.kind !== "google");
    const proof = { ...one.proof, secrets: [""] };
    await assert.rejects(send({ ...one, proof }, { pathSecret: "" }), WebhookError);
  }
});

test("every sender has a case", () => {
  const names = new Set<string>(CASES.map(({ name }) => name));
  assert.deepEqual(Object.keys(senders).filter((name) => !names.has(name)), ["artifact-registry"]);
});
