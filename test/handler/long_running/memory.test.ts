/** Hostile registries cannot make the server hold more memory than a small container has. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { Problem } from "../../../src/problem.ts";
import { serve } from "../../support/serve.ts";
import type { Server } from "../../support/serve.ts";
import { bearer, variablesFor } from "../setup.ts";
import { startHandler, testHost } from "../start_handler.ts";

const MIB = 1024 * 1024;

/** Half of a container of 512 MiB. Only Deno is measured. */
const MAX_RESIDENT_MIB = 256;

/** Requests of each case, all at the same time. */
const REQUESTS = 8;

/** A body slightly below the limit of a manifest. */
const FILLER = "x".repeat(4 * MIB - 2000);

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";
const CONFIG = {
  mediaType: "application/vnd.oci.image.config.v1+json",
  digest: sha256("{}"),
  size: 2,
};

function sha256(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}

/** The content of a repository: manifests by tag or digest, and blobs by digest. */
interface Content {
  readonly manifests: Map<string, { readonly text: string; readonly mediaType: string }>;
  readonly blobs: Map<string, string>;
  /** Pages of the lists, by number from 1. */
  readonly tags?: (page: number) => unknown;
  readonly referrers?: (page: number) => unknown;
}

interface Stated {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

function createContent(lists: Pick<Content, "tags" | "referrers"> = {}): Content {
  return { manifests: new Map(), blobs: new Map([[CONFIG.digest, "{}"]]), ...lists };
}

function putManifest({ manifests }: Content, value: object, tag?: string): Stated {
  const mediaType = "manifests" in value ? INDEX : MANIFEST;
  const text = JSON.stringify({ schemaVersion: 2, mediaType, ...value });
  const digest = sha256(text);
  for (const name of [digest, tag ?? digest]) manifests.set(name, { text, mediaType });
  return { mediaType, digest, size: text.length };
}

function putLargeImage(content: Content, i: number, more: object = {}): Stated {
  const annotations = { filler: `${i}${FILLER}` };
  return putManifest(content, { config: CONFIG, layers: [], annotations, ...more });
}

/** Enough to exceed every limit. All further entries of an index share these. */
const LARGE_IMAGES = 20;

const CASES: readonly {
  readonly name: string;
  readonly create: () => Content;
  readonly call: "images" | "tags" | "verifications";
  /** Default: `limit`. */
  readonly code?: Problem["code"];
  /** Whether one request alone is within the limits. */
  readonly mayWork?: boolean;
  /** Whether bodies have no Content-Length. */
  readonly isChunked?: boolean;
}[] = [
  {
    name: "an index of 300 manifests of 4 MiB",
    call: "images",
    create(): Content {
      const content = createContent();
      const entry = (i: number): Stated => ({
        mediaType: MANIFEST,
        digest: sha256(`${i}`),
        size: 4 * MIB,
      });
      putManifest(content, { manifests: Array.from({ length: 300 }, (_, i) => entry(i)) }, "1");
      return content;
    },
  },
  ...[false, true].map((isChunked) => ({
    name: `an index that states 100 bytes for manifests of 4 MiB${isChunked ? ", chunked" : ""}`,
    call: "images" as const,
    code: "integrity" as const,
    isChunked,
    create(): Content {
      const content = createContent();
      const images = Array.from({ length: LARGE_IMAGES }, (_, i) => putLargeImage(content, i));
      putManifest(content, { manifests: images.map((image) => ({ ...image, size: 100 })) }, "1");
      return content;
    },
  })),
  ...[false, true].map((isChunked) => ({
    name: `an index of 3 manifests of 4 MiB${isChunked ? ", chunked" : ""}`,
    call: "images" as const,
    isChunked,
    mayWork: true,
    create(): Content {
      const content = createContent();
      const images = Array.from({ length: 3 }, (_, i) => putLargeImage(content, i));
      putManifest(content, { manifests: images }, "1");
      return content;
    },
  })),
  {
    name: "manifests of many small values",
    call: "images",
    create(): Content {
      const content = createContent();
      const images = Array.from({ length: 15 }, (_, i) =>
        putManifest(content, {
          config: CONFIG,
          layers: [],
          more: [i, ...Array.from({ length: 1_300_000 }, () => [])],
        }));
      putManifest(content, { manifests: images }, "1");
      return content;
    },
  },
  {
    name: "configs of 4 MiB",
    call: "images",
    create(): Content {
      const content = createContent();
      const images = Array.from({ length: LARGE_IMAGES }, (_, i) => {
        const text = JSON.stringify({ filler: `${i}${FILLER}` });
        content.blobs.set(sha256(text), text);
        const config = { ...CONFIG, digest: sha256(text), size: text.length };
        return putManifest(content, { config, layers: [] });
      });
      putManifest(content, { manifests: images }, "1");
      return content;
    },
  },
  {
    name: "names of tags of 4 MiB",
    call: "tags",
    create: () => createContent({ tags: (page) => ({ tags: [`${page}${FILLER}`] }) }),
  },
  {
    name: "referrers with annotations of 4 MiB",
    call: "images",
    create(): Content {
      const referrers = (page: number): unknown => ({
        schemaVersion: 2,
        manifests: [{ ...CONFIG, digest: sha256(`${page}`), annotations: { filler: FILLER } }],
      });
      const content = createContent({ referrers });
      putManifest(content, { config: CONFIG, layers: [] }, "1");
      return content;
    },
  },
  {
    name: "referrers of 4 MiB whose list states 100 bytes",
    call: "verifications",
    code: "integrity",
    create(): Content {
      let images: object[] = [];
      const content = createContent({
        referrers: (page) => page === 1 ? { schemaVersion: 2, manifests: images } : undefined,
      });
      const subject = putManifest(content, { config: CONFIG, layers: [] }, "1");
      images = Array.from({ length: LARGE_IMAGES }, (_, i) => ({
        ...putLargeImage(content, i, { subject }),
        size: 100,
      }));
      return content;
    },
  },
];

/** Serves the content as the repository `app`. */
function serveContent(content: Content, isChunked: boolean): Promise<Server> {
  function toResponse(text: string, contentType: string): Response {
    const body = isChunked ? new Blob([text]).stream() : text;
    return new Response(body, { headers: { "content-type": contentType } });
  }
  return serve((request) => {
    const url = new URL(request.url);
    const [endpoint = "", name = ""] = url.pathname.replace("/v2/app/", "").split("/");
    const list = endpoint === "tags" ? content.tags : content.referrers;
    if (endpoint === "manifests") {
      const found = content.manifests.get(name);
      return found ? toResponse(found.text, found.mediaType) : new Response(null, { status: 404 });
    }
    const blob = content.blobs.get(name);
    if (blob !== undefined) return toResponse(blob, "application/octet-stream");
    if ((endpoint !== "tags" && endpoint !== "referrers") || !list) {
      return new Response(null, { status: 404 });
    }
    const page = Number(url.searchParams.get("page") ?? 1);
    const response = toResponse(JSON.stringify(list(page)), INDEX);
    if (list(page + 1) !== undefined) {
      response.headers.set("link", `<${url.pathname}?page=${page + 1}>; rel="next"`);
    }
    return response;
  });
}

function call(url: string, kind: typeof CASES[number]["call"], host: string): Promise<Response> {
  const headers = bearer("read");
  if (kind === "tags") return fetch(`${url}/v1/tags?repository=${host}/app`, { headers });
  if (kind === "images") return fetch(`${url}/v1/images?reference=${host}/app:1`, { headers });
  return fetch(`${url}/v1/verifications`, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json" },
    body: JSON.stringify({ source: `${host}/app:1`, destination: `${host}/app:1` }),
  });
}

/** The largest resident set so far. */
function readPeakMiB(pid: number): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
}

for (
  const { name, create, call: kind, code = "limit", isChunked = false, mayWork = false } of CASES
) {
  test(`the server holds little memory for ${name}`, async () => {
    const ordinary = createContent();
    putManifest(ordinary, { config: CONFIG, layers: [] }, "1");
    await using good = await serveContent(ordinary, false);
    await using hostile = await serveContent(create(), isChunked);
    await using handler = await startHandler(variablesFor(good, hostile));
    const problems = await Promise.all(Array.from({ length: REQUESTS }, async () => {
      const response = await call(handler.url, kind, hostile.host);
      return { status: response.status, text: await response.text() };
    }));
    const peak = readPeakMiB(handler.pid);
    for (const { status, text } of problems) {
      if (status === 200 && mayWork) continue;
      const problem: Problem = JSON.parse(text);
      assert.ok([code, "limit"].includes(problem.code), text.slice(0, 1000));
      assert.equal(problem.status === 503, problem.retryAfterMs !== undefined);
    }
    // Nothing stays reserved.
    const response = await call(handler.url, "images", good.host);
    assert.equal(response.status, 200, await response.text());
    if (testHost().startsWith("deno")) {
      assert.ok(peak < MAX_RESIDENT_MIB, `${Math.round(peak)} MiB resident at the peak`);
    }
  });
}
