/** What each sender sends, how it proves itself, and what comes of it. */
import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import type { PushEvent } from "../../../src/webhooks/incoming/event.ts";
import type { Proof } from "../../../src/webhooks/incoming/proof.ts";
import type { SenderName } from "../../../src/webhooks/incoming/senders.ts";

export const SECRET = "a secret of the tests 1f2e3d";
/** 32 bytes, as Standard Webhooks has them. */
export const WHSEC = `whsec_${Buffer.from("0123456789abcdef0123456789abcdef").toString("base64")}`;
export const PATH_SECRET = "p4th-secret_of-the_tests";

type Bytes = Uint8Array<ArrayBuffer>;
type HeaderList = Readonly<Record<string, string>>;

export interface SenderCase {
  readonly name: SenderName;
  readonly fixture: string;
  /** Besides those of the proof. */
  readonly headers?: HeaderList;
  readonly proof: Proof;
  /** The headers that prove a body. */
  readonly sign: (body: Bytes) => HeaderList;
  readonly events: readonly PushEvent[];
}

export interface IgnoredCase extends Pick<SenderCase, "name" | "headers"> {
  readonly why: string;
  readonly fixture: string;
  /** Changes the fixture. */
  // deno-lint-ignore no-explicit-any -- payloads are of no type
  readonly change?: (body: any) => void;
}

export function readFixture(name: string): Bytes {
  return new Uint8Array(readFileSync(new URL(`./fixtures/${name}.json`, import.meta.url)));
}

export function digest(digit: string): `sha256:${string}` {
  return `sha256:${digit.repeat(64)}`;
}

const SIGNED: Proof = { kind: "signature", secrets: [SECRET] };
const PATH: Proof = { kind: "path", secrets: [PATH_SECRET] };

function hmac(algorithm: "sha1" | "sha256", header: string, prefix = ""): SenderCase["sign"] {
  return (body) => ({
    [header]: prefix + createHmac(algorithm, SECRET).update(body).digest("hex"),
  });
}

/** As the specification says it, without the library that is under test. */
export function signStandard(
  body: Bytes,
  { id = "msg_1", at = Date.now(), secret = WHSEC }: { id?: string; at?: number; secret?: string } =
    {},
): HeaderList {
  const seconds = `${Math.floor(at / 1000)}`;
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  const mac = createHmac("sha256", key).update(`${id}.${seconds}.`).update(body).digest("base64");
  return {
    "webhook-id": id,
    "webhook-timestamp": seconds,
    "webhook-signature": `v1,${mac}`,
  };
}

const APP = { repository: "team/app", tag: "1.4.2" };
const githubHeaders = {
  "x-github-event": "registry_package",
  "x-github-delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
};
const githubEvent = {
  registry: "ghcr.io",
  repository: "acme/app",
  tag: "v1.4.2",
  digest: digest("a"),
  id: "72d3162e-cc78-11e3-81ab-4c9367dc0958",
};
const githubSignature = hmac("sha256", "x-hub-signature-256", "sha256=");
const azureEvent = {
  ...APP,
  registry: "acme.azurecr.io",
  digest: digest("c"),
  id: "ac000000-0000-4000-8000-000000000001",
};
const harborEvent = {
  registry: "harbor.example",
  repository: "team/sub/app",
  tag: "1.4.2",
  digest: digest("b"),
};
const giteaEvent = {
  registry: "git.example:3000",
  repository: "acme/app",
  tag: "1.4.2",
  id: "9d1c",
};
const nexusHeaders = { "x-nexus-webhook-delivery": "7f4a" };
const component = { ...nexusHeaders, "x-nexus-webhook-id": "rm:repository:component" };
const asset = { ...nexusHeaders, "x-nexus-webhook-id": "rm:repository:asset" };
const nexusEvent = { ...APP, store: "docker-hosted", id: "7f4a" };

/** Google's token stands in its own file. */
export const CASES: readonly SenderCase[] = [
  {
    name: "docker-hub",
    fixture: "docker_hub",
    proof: PATH,
    sign: () => ({}),
    events: [{ registry: "docker.io", repository: "acme/app", tag: "1.4.2" }],
  },
  {
    name: "github",
    fixture: "github_registry_package",
    headers: githubHeaders,
    proof: SIGNED,
    sign: githubSignature,
    events: [githubEvent],
  },
  {
    name: "github",
    fixture: "github_package",
    headers: { ...githubHeaders, "x-github-event": "package" },
    proof: SIGNED,
    sign: githubSignature,
    events: [githubEvent],
  },
  {
    name: "quay",
    fixture: "quay",
    proof: PATH,
    sign: () => ({}),
    events: ["1.4.2", "latest"].map((tag) => ({
      registry: "quay.example:8443",
      repository: "acme/app",
      tag,
    })),
  },
  {
    name: "harbor",
    fixture: "harbor",
    headers: { "content-type": "application/json" },
    proof: { kind: "header", name: "Authorization", secrets: [SECRET] },
    sign: () => ({ authorization: SECRET }),
    events: [harborEvent],
  },
  {
    name: "harbor",
    fixture: "harbor_cloudevents",
    headers: { "content-type": "application/cloudevents+json" },
    proof: { kind: "basic", username: "harbor", secrets: [SECRET] },
    sign: () => ({
      authorization: `Basic ${Buffer.from(`harbor:${SECRET}`).toString("base64")}`,
    }),
    events: [{ ...harborEvent, id: "0f6f6a0c-2c1e-4b0a-8d5f-3b7f0c1d2e22" }],
  },
  {
    name: "distribution",
    fixture: "distribution",
    headers: { "content-type": "application/vnd.docker.distribution.events.v2+json" },
    proof: { kind: "bearer", secrets: [PATH_SECRET] },
    sign: () => ({ authorization: `Bearer ${PATH_SECRET}` }),
    events: [
      {
        repository: "team/app",
        digest: digest("3"),
        id: "e0000000-0000-4000-8000-000000000003",
      },
      { ...APP, digest: digest("4"), id: "e0000000-0000-4000-8000-000000000004" },
      {
        repository: "team/app",
        tag: "latest",
        digest: digest("4"),
        id: "e0000000-0000-4000-8000-000000000006",
      },
    ],
  },
  {
    name: "acr",
    fixture: "acr",
    proof: { kind: "header", name: "x-hook-key", secrets: [SECRET] },
    sign: () => ({ "x-hook-key": SECRET }),
    events: [azureEvent],
  },
  {
    name: "event-grid",
    fixture: "event_grid",
    headers: { "aeg-event-type": "Notification" },
    proof: PATH,
    sign: () => ({}),
    events: [azureEvent],
  },
  {
    name: "event-grid",
    fixture: "event_grid_cloudevents",
    headers: { "content-type": "application/cloudevents+json; charset=utf-8" },
    proof: PATH,
    sign: () => ({}),
    events: [azureEvent],
  },
  {
    name: "ecr",
    fixture: "ecr",
    proof: { kind: "header", name: "x-api-key", secrets: [SECRET] },
    sign: () => ({ "x-api-key": SECRET }),
    events: [{
      ...APP,
      registry: "123456789012.dkr.ecr.eu-central-1.amazonaws.com",
      digest: digest("d"),
      id: "ec000000-0000-4000-8000-000000000001",
    }],
  },
  {
    name: "gitea",
    fixture: "gitea",
    headers: {
      "x-gitea-event": "package",
      "x-github-event": "package",
      "x-gitea-delivery": "9d1c",
    },
    proof: SIGNED,
    sign: hmac("sha256", "x-gitea-signature"),
    events: [giteaEvent],
  },
  {
    name: "gitea",
    fixture: "gitea",
    headers: { "x-forgejo-event": "package", "x-forgejo-delivery": "9d1c" },
    proof: SIGNED,
    sign: hmac("sha256", "x-forgejo-signature"),
    events: [giteaEvent],
  },
  {
    name: "artifactory",
    fixture: "artifactory",
    proof: SIGNED,
    sign: hmac("sha256", "x-jfrog-event-auth"),
    events: [{ ...APP, store: "docker-local", digest: digest("f") }],
  },
  {
    name: "nexus",
    fixture: "nexus_component",
    headers: component,
    proof: SIGNED,
    sign: hmac("sha1", "x-nexus-webhook-signature"),
    events: [nexusEvent],
  },
  {
    name: "nexus",
    fixture: "nexus_asset",
    headers: asset,
    proof: SIGNED,
    sign: hmac("sha1", "x-nexus-webhook-signature"),
    events: [nexusEvent],
  },
  {
    name: "plain",
    fixture: "plain",
    proof: { kind: "signature", secrets: [WHSEC] },
    sign: (body) => signStandard(body),
    events: [{ registry: "ghcr.io", repository: "acme/app", tag: "1.4.2", id: "msg_1" }],
  },
  {
    name: "plain",
    fixture: "plain",
    proof: { kind: "bearer", secrets: [PATH_SECRET] },
    sign: () => ({ authorization: `bearer ${PATH_SECRET}` }),
    events: [{ registry: "ghcr.io", repository: "acme/app", tag: "1.4.2" }],
  },
];

const NOTHING_NAMED = "the event names no tag and no digest";

/** Payloads of a push by digest: a referrer, or a child of an index. */
export const BY_DIGEST: readonly Omit<IgnoredCase, "why">[] = [
  {
    name: "github",
    fixture: "github_package_untagged",
    headers: { "x-github-event": "package" },
  },
  { name: "harbor", fixture: "harbor_untagged" },
  { name: "acr", fixture: "acr", change: (body) => delete body.target.tag },
  {
    name: "ecr",
    fixture: "ecr",
    change: (body) => delete body.detail["image-tag"],
  },
  {
    name: "ecr",
    fixture: "ecr",
    change(body): void {
      body["detail-type"] = "ECR Referrer Action";
      delete body.detail["image-tag"];
    },
  },
  {
    name: "gitea",
    fixture: "gitea",
    headers: { "x-gitea-event": "package" },
    change: (body) => body.package.version = digest("9"),
  },
  {
    name: "artifactory",
    fixture: "artifactory",
    change: (body) => body.data.tag = digest("9"),
  },
  {
    name: "nexus",
    fixture: "nexus_asset",
    headers: asset,
    change: (body) => body.asset.name = `/v2/team/app/manifests/${digest("9")}`,
  },
];

/** What is well formed and means nothing to a copy. */
export const IGNORED: readonly IgnoredCase[] = [
  {
    name: "github",
    why: "a ping",
    fixture: "github_ping",
    headers: { "x-github-event": "ping" },
  },
  {
    name: "github",
    why: "not a package event",
    fixture: "github_ping",
    headers: { "x-github-event": "star" },
  },
  {
    name: "github",
    why: "not a container image",
    fixture: "github_package_npm",
    headers: { "x-github-event": "package" },
  },
  {
    name: "github",
    why: "not a push",
    fixture: "github_package",
    headers: { "x-github-event": "package" },
    change: (body) => body.action = "deleted",
  },
  { name: "quay", why: "not a push", fixture: "quay_build" },
  {
    name: "harbor",
    why: "not a push",
    fixture: "harbor",
    change: (body) => body.type = "DELETE_ARTIFACT",
  },
  {
    name: "harbor",
    why: "not a push",
    fixture: "harbor_cloudevents",
    headers: { "content-type": "application/cloudevents+json" },
    change: (body) => body.type = "harbor.scan.completed",
  },
  {
    name: "distribution",
    why: NOTHING_NAMED,
    fixture: "distribution",
    // deno-lint-ignore no-explicit-any -- payloads are of no type
    change: (body) => body.events = body.events.filter((one: any) => one.action !== "push"),
  },
  {
    name: "acr",
    why: "a ping",
    fixture: "acr",
    change(body): void {
      body.action = "ping";
      delete body.target;
      delete body.request;
    },
  },
  {
    name: "acr",
    why: "not an image push",
    fixture: "acr",
    change: (body) => body.action = "delete",
  },
  {
    name: "acr",
    why: "not an image push",
    fixture: "acr",
    change: (body) => body.action = "chart_push",
  },
  {
    name: "event-grid",
    why: "not an image push",
    fixture: "event_grid",
    change: (body) => body.shift(),
  },
  {
    name: "ecr",
    why: "not a push",
    fixture: "ecr",
    change: (body) => body.detail["action-type"] = "DELETE",
  },
  {
    name: "ecr",
    why: "not a push",
    fixture: "ecr",
    change: (body) => body.detail.result = "FAILURE",
  },
  {
    name: "ecr",
    why: "not an ECR image event",
    fixture: "ecr",
    change: (body) => body["detail-type"] = "ECR Image Scan",
  },
  {
    name: "gitea",
    why: "not a package event",
    fixture: "gitea",
    headers: { "x-gitea-event": "push" },
  },
  {
    name: "gitea",
    why: "not a container image",
    fixture: "gitea",
    headers: { "x-gitea-event": "package" },
    change: (body) => body.package.type = "npm",
  },
  {
    name: "gitea",
    why: "not a push",
    fixture: "gitea",
    headers: { "x-gitea-event": "package" },
    change: (body) => body.action = "deleted",
  },
  {
    name: "artifactory",
    why: "not an image push",
    fixture: "artifactory",
    change: (body) => body.domain = "artifact",
  },
  {
    name: "artifactory",
    why: "not an image push",
    fixture: "artifactory",
    change: (body) => body.event_type = "deleted",
  },
  {
    name: "nexus",
    why: "not a container image",
    fixture: "nexus_component",
    headers: component,
    change: (body) => body.component.format = "maven2",
  },
  {
    name: "nexus",
    why: "not a push",
    fixture: "nexus_component",
    headers: component,
    change: (body) => body.action = "DELETED",
  },
  {
    name: "nexus",
    why: "not a push",
    fixture: "nexus_component",
    headers: component,
    change(body): void {
      body.action = "PURGED";
      body.components = [body.component.id];
      delete body.component;
    },
  },
  {
    name: "nexus",
    why: "not a manifest",
    fixture: "nexus_asset",
    headers: asset,
    change: (body) => body.asset.name = `v2/-/blobs/${digest("9")}`,
  },
  {
    name: "nexus",
    why: "not a component or asset event",
    fixture: "nexus_asset",
    headers: { "x-nexus-webhook-id": "rm:global:audit" },
  },
];
