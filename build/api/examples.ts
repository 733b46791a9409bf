/**
 * The examples of the OpenAPI document. A test sends every example request to a server between two registries and compares the
 * responses, so the examples are never out of date.
 */
import type * as z from "zod";
import { estimateBudget } from "../../src/budget/estimate.ts";
import type { Inspection, Performed, Plan, Verification } from "../../src/copy/model.ts";
import type { CopyRequestInput } from "../../src/copy/request.ts";
import type { tagsSchema } from "../../src/copy/schemas.ts";
import type { BlobStep, ManifestStep, ReferrersStep } from "../../src/copy/step.ts";
import type { DurableCopy } from "../../src/durable/durable_copies.ts";
import { PROBLEMS } from "../../src/problem.ts";
import type { Problem, ProblemCode } from "../../src/problem.ts";
import type { AdmissionVerdict } from "../../src/copy/admission.ts";
import type { admissionBody, verificationBody } from "../../src/server/schemas.ts";

export const ALPINE = "docker.io/library/alpine";
const MIRRORED = "registry.example.com/mirror/alpine";

const manifest = {
  mediaType: "application/vnd.oci.image.manifest.v1+json",
  digest: "sha256:a0cb804ed12ace62bc1b00ea98997f56884eedce585bf3a31179ee6da01a7f0e",
  size: 405,
} as const;

const config = {
  mediaType: "application/vnd.oci.image.config.v1+json",
  digest: "sha256:115fea5a2e46015243a120892a9e02ba59047a9f52d5b406c1dcb18b62a6b158",
  size: 180,
} as const;

const layer = {
  mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
  digest: "sha256:70b40c1390e88a4bbb2a9d2124317c776a32c64646ef5b90d8fe5f7de3c6abfa",
  size: 3_623_807,
} as const;

export const MIRROR: CopyRequestInput = {
  source: `${ALPINE}:3.20`,
  destination: `${MIRRORED}:3.20`,
};

const source = `${ALPINE}:3.20@${manifest.digest}`;
const destination = `${MIRRORED}:3.20@${manifest.digest}`;

const tagStep: ManifestStep = {
  type: "manifest",
  source: ALPINE,
  destination: MIRRORED,
  descriptor: manifest,
  tag: "3.20",
};

function blobStep(descriptor: BlobStep["descriptor"]): BlobStep {
  return {
    type: "blob",
    source: ALPINE,
    destination: MIRRORED,
    descriptor,
    mountFrom: [],
    eager: descriptor.size <= 256 * 1024,
    verify: "auto",
  };
}

const referrersStep: ReferrersStep = {
  type: "referrers",
  destination: MIRRORED,
  subject: manifest.digest,
  referrers: [{
    mediaType: manifest.mediaType,
    digest: `sha256:${"5".repeat(64)}`,
    size: 723,
    artifactType: "application/spdx+json",
  }],
};

export const STEPS = { blob: blobStep(layer), manifest: tagStep, referrers: referrersStep };

export const OUTCOMES: Readonly<Record<keyof typeof STEPS, Performed>> = {
  blob: {
    type: "blob",
    state: "streamed",
    bytes: layer.size,
    requests: { source: 1, destination: 2 },
  },
  manifest: { type: "manifest", state: "put", requests: { source: 1, destination: 1 } },
  referrers: { type: "referrers", state: "written", requests: { source: 0, destination: 3 } },
};

export const PLAN: Plan = {
  source,
  destination,
  root: manifest,
  result: "copied",
  stages: [
    {
      name: "blobs",
      steps: [config, layer].map((blob): BlobStep => ({ ...blobStep(blob), found: "absent" })),
    },
    { name: "tag", steps: [tagStep] },
  ],
  foreign: [],
  referrerState: { kinds: [] },
  warnings: [],
  requests: { source: 3, destination: 3 },
  totals: {
    blobs: { stream: 2, mount: 0, present: 0 },
    bytes: { stream: config.size + layer.size, mount: 0, present: 0 },
    manifests: 1,
    requests: { source: 5, destination: 6 },
  },
};

export const BUDGETED = { ...MIRROR, budget: "workers-free" } as const;

export const PLAN_WITH_BUDGET = { ...PLAN, budget: estimateBudget(PLAN, BUDGETED.budget) };

export const REPORT = {
  source,
  destination,
  digest: manifest.digest,
  result: "copied",
  blobs: { streamed: 2, mounted: 0, present: 0, foreign: 0 },
  bytesStreamed: config.size + layer.size,
  manifests: 1,
  referrers: 0,
  referrerState: { kinds: [] },
  requests: { source: 5, destination: 6 },
  durationMs: 1240,
  warnings: [],
} as const;

export const COPY_ID = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
export const QUEUED_COPY: DurableCopy = { id: COPY_ID, state: "queued" };
export const FINISHED_COPY: DurableCopy = { id: COPY_ID, state: "complete", report: REPORT };
export const CANCELLED_COPY: DurableCopy = { id: COPY_ID, state: "cancelled" };

export const INSPECTION: Inspection = {
  reference: source,
  root: {
    descriptor: manifest,
    kind: "image",
    platform: "linux/amd64",
    config: {
      descriptor: config,
      content: {
        architecture: "amd64",
        os: "linux",
        config: { Cmd: ["/bin/sh"] },
        rootfs: { type: "layers", diff_ids: [layer.digest] },
      },
    },
    layers: [layer],
    manifests: [],
    referrers: [],
    digestTags: [],
  },
  totalBytes: config.size + layer.size,
};

export const TAGS: z.output<typeof tagsSchema> = { repository: ALPINE, tags: ["3.20", "latest"] };

export const COMPARISONS = {
  tags: { source: `${ALPINE}:3.20`, destination: `${ALPINE}:latest` },
  mirror: { source: `${ALPINE}:3.20`, destination: `${MIRRORED}:3.20` },
} satisfies Record<string, z.input<typeof verificationBody>>;

export const ADMISSION_REQUESTS = {
  signed: { reference: `${ALPINE}:3.20` },
} satisfies Record<string, z.input<typeof admissionBody>>;

export const ADMISSIONS: Readonly<Record<keyof typeof ADMISSION_REQUESTS, AdmissionVerdict>> = {
  signed: {
    image: source,
    digest: manifest.digest,
    requirements: [],
    warnings: [],
    images: "**",
    result: "rejected",
    reason: "the policy has default: reject for **",
  },
};

const checked = { manifests: 1, blobs: 2, referrers: 0 };
const referrerState = { kinds: [] };

export const VERIFICATIONS: Readonly<Record<keyof typeof COMPARISONS, Verification>> = {
  tags: {
    source,
    destination: `${ALPINE}:latest`,
    equal: true,
    state: "equal",
    referrerState,
    differences: [],
    checked,
  },
  mirror: {
    source,
    destination: `${MIRRORED}:3.20`,
    equal: false,
    state: "different",
    referrerState,
    differences: [
      { kind: "tag", what: "3.20", state: "missing" },
      { kind: "manifest", what: manifest.digest, state: "missing" },
      { kind: "blob", what: config.digest, state: "missing" },
      { kind: "blob", what: layer.digest, state: "missing" },
    ],
    checked,
  },
};

function problem(code: ProblemCode, detail: string, more: Partial<Problem> = {}): Problem {
  return {
    type: `urn:crossdock:problem:${code}`,
    code,
    ...PROBLEMS[code],
    detail,
    requestId: "0b1f6a52-5a5c-4c4e-9d5c-0f7f3e1d2a90",
    ...more,
  };
}

const NOT_ALLOWED = "registry.example.com/other/alpine is not an allowed destination";

/** One problem for each error status of the document. */
export const PROBLEM_EXAMPLES = {
  400: [problem("usage", "#/colour: unknown field", {
    errors: [{ pointer: "#/colour", detail: "unknown field" }],
  })],
  401: [problem("unauthorized", "the bearer token is missing", {
    status: 401,
    hint: "send the header Authorization: Bearer TOKEN with one of the tokens in CROSSDOCK_TOKENS",
  })],
  403: [problem("denied", NOT_ALLOWED, {
    hint:
      "add it to CROSSDOCK_ALLOW_SOURCES or CROSSDOCK_ALLOW_DESTINATIONS in the server's configuration",
    errors: [{ pointer: "#/destination", detail: NOT_ALLOWED }],
  })],
  404: [problem("not_found", "docker.io/library/absent:3.20 not found", {
    side: "source",
    hint: 'check the name; some registries also answer "not found" if credentials are missing',
  })],
  406: [problem(
    "usage",
    "Accept allows none of application/x-ndjson, text/event-stream, application/json",
    {
      status: 406,
      title: "Not acceptable",
      hint: "send Accept: application/json for one response at the end",
    },
  )],
  408: [problem("timeout", "the body did not arrive within 60 s", {
    status: 408,
    title: "The request took too long",
  })],
  409: [problem(
    "conflict",
    `${MIRRORED}:3.20 already exists with digest sha256:dff9de10919148711140d349bf03f1a99eb06f94b03e51715ccebfa7cdc518e2, the copy has digest ${manifest.digest}`,
    {
      side: "destination",
      hint: 'the tag was not moved; use "ifExists": "overwrite" to move it',
    },
  )],
  413: [problem("limit", "the body is longer than 65536 bytes", { status: 413 })],
  415: [problem("usage", "Unsupported Media Type", {
    status: 415,
    hint: "send Content-Type: application/json",
  })],
  422: [problem("unsupported", `${ALPINE}@${manifest.digest} has no platform linux/s390x`, {
    side: "source",
    hint: "the source lists no platforms; it is probably not an index",
  })],
  429: [problem("rate_limited", "too many invalid tokens from this address", {
    hint: "retry after 60 seconds",
  })],
  500: [problem("internal", "unexpected error: see the server's log")],
  502: [problem("network", "connect to docker.io: the connection was closed before the response", {
    side: "source",
    hint: "if the registry uses TLS, remove it from CROSSDOCK_PLAIN_HTTP",
  })],
  503: [
    problem("aborted", "the server is shutting down", {
      hint: "retry: another instance, or the restarted server, accepts the request",
    }),
    problem("limit", "the server is running 50 copies, its limit", {
      status: 503,
      title: "The server is busy",
      hint: "retry after 10 seconds, or raise CROSSDOCK_MAX_COPIES on the server",
    }),
  ],
  504: [problem("timeout", `list tags of ${ALPINE}: waiting for docker.io: no data for 1 s`, {
    side: "source",
    hint: "try again, or raise the idle timeout with CROSSDOCK_TIMEOUT_MS",
  })],
} as const satisfies Readonly<Record<number, readonly Problem[]>>;

/** The error statuses of the document. */
export type ProblemStatus = keyof typeof PROBLEM_EXAMPLES;

/** Events in the formats of registries. */
export const HOOKS = {
  plain: { hook: "plain", body: { repository: ALPINE, tag: "3.20" } },
  quay: {
    hook: "quay",
    secret: "a-secret-of-the-hook",
    body: {
      name: "alpine",
      namespace: "library",
      repository: "library/alpine",
      docker_url: ALPINE,
      homepage: "https://quay.io/repository/library/alpine",
      updated_tags: ["3.20"],
    },
  },
} as const;

/** An excerpt of the metrics. */
export const METRICS =
  `# HELP crossdock_copies_total Copies that ended, by result: copied, unchanged, skipped, failed, aborted
# TYPE crossdock_copies_total counter
crossdock_copies_total{result="copied"} 12
`;
