/** Uploads that are lost, refused, redirected or limited, and blobs that break off at the source. */
import assert from "node:assert/strict";
import { putImage, putIndex } from "../../support/image.ts";
import type { PutImageOptions } from "../../support/image.ts";
import type { FaultRule, RegistryOptions } from "../../support/registry.ts";
import { ConnectionCut } from "../../support/serve.ts";
import type { Handler } from "../../support/serve.ts";
import { copies, discard, fails, hasBody, MIB, refusal, refusalBody } from "../attempts.ts";
import { startPair } from "../attempts.ts";
import type { Attempt, FaultCase } from "../fault_case.ts";
import type { Scene } from "../scene.ts";

const UPLOADS = "/blobs/uploads/";

/** A copy whose destination has a fault. */
async function withFault(
  scene: Scene,
  rule: FaultRule,
  options: { image?: PutImageOptions; destination?: RegistryOptions } = {},
): Promise<Attempt> {
  const pair = await startPair(scene, options.destination && { destination: options.destination });
  const { descriptor } = await putImage(pair.source, "app", { tag: "1", ...options.image });
  scene.fail(pair.destination, rule);
  return copies(pair, descriptor);
}

/** A copy whose destination is behind a server that answers some requests itself. */
async function behind(
  scene: Scene,
  answer: (request: Request) => Promise<Response | undefined>,
  options: { image?: PutImageOptions; destination?: RegistryOptions } = {},
): Promise<Attempt> {
  const pair = await startPair(scene, options.destination && { destination: options.destination });
  const { descriptor } = await putImage(pair.source, "app", { tag: "1", ...options.image });
  const handler: Handler = async (request) => {
    const response = await answer(request);
    if (response) scene.hit();
    return response ?? await pair.destination.fetch(request);
  };
  const { host } = await scene.serve(handler);
  return copies({ ...pair, destinationHost: host }, descriptor);
}

/** Answers 413 to larger bodies, as a proxy does. */
function limitBodies(maxBytes: number): (request: Request) => Promise<Response | undefined> {
  return async (request) => {
    if (Number(request.headers.get("content-length") ?? 0) <= maxBytes) return undefined;
    await discard(request);
    return new Response("<html>413 Request Entity Too Large</html>", { status: 413 });
  };
}

const large: PutImageOptions = { layers: 1, layerBytes: 2 * MIB };

const lost: readonly FaultCase[] = [1000, 2 * MIB].flatMap((layerBytes): FaultCase[] => {
  const size = layerBytes < MIB ? "small" : "large";
  return [
    {
      id: `upload-session-lost-${size}`,
      situation: `PUT of a ${size} blob is answered 404 BLOB_UPLOAD_UNKNOWN once.`,
      start: (scene) =>
        withFault(scene, {
          method: "PUT",
          path: UPLOADS,
          times: 1,
          action: { status: 404, body: refusalBody("BLOB_UPLOAD_UNKNOWN") },
        }, { image: { layers: 1, layerBytes } }),
    },
    {
      id: `upload-answer-lost-${size}`,
      situation: `PUT of a ${size} blob works, and the connection breaks before the answer.`,
      start: (scene) =>
        withFault(scene, { method: "PUT", path: UPLOADS, times: 1, action: { tamper: cut } }, {
          image: { layers: 1, layerBytes },
        }),
    },
  ];
});

function cut(): never {
  throw new ConnectionCut("cut on purpose");
}

const refusedBodies = [404, 405, 411].map((status): FaultCase => ({
  id: `put-with-body-${status}`,
  situation: `A PUT with a body is answered ${status}; PATCH and an empty PUT work.`,
  start: (scene) =>
    behind(scene, async (request) => {
      if (request.method !== "PUT" || !request.url.includes(UPLOADS)) return undefined;
      if (!hasBody(request)) return undefined;
      await discard(request);
      return refusal(status, "BLOB_UPLOAD_UNKNOWN");
    }, { image: { layers: 2, layerBytes: MIB } }),
}));

const LIMITS = [
  ["1-mib", 9 * MIB, MIB, {}],
  ["1-mib-small", 1.5 * MIB, MIB, {}],
  ["3-mib-min-2-mib", 9 * MIB, 3 * MIB, { minChunkBytes: 2 * MIB }],
] as const;

const limits = LIMITS.map(([name, layerBytes, maxBytes, destination]): FaultCase => ({
  id: `body-limit-${name}`,
  situation: `A proxy answers 413 to bodies above ${maxBytes / MIB} MiB, and announces nothing` +
    `${"minChunkBytes" in destination ? "; the registry wants chunks of 2 MiB or more" : ""}. ` +
    `The layer has ${layerBytes / MIB} MiB.`,
  start: (scene) =>
    behind(scene, limitBodies(maxBytes), { destination, image: { layers: 1, layerBytes } }),
}));

const others: readonly FaultCase[] = [
  {
    id: "body-limit-announced",
    situation: "The registry announces chunks of at most 1 MiB, and answers 413 to larger ones.",
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene, { destination: { maxUploadBytes: MIB } });
      const { descriptor } = await putImage(pair.source, "app", {
        tag: "1",
        layers: 1,
        layerBytes: 2.5 * MIB,
      });
      return copies(pair, descriptor);
    },
  },
  {
    id: "body-limit-below-1-mib",
    situation: "A proxy answers 413 to bodies above 512 KiB. The message must name the limit.",
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene);
      await putImage(pair.source, "app", { tag: "1", layers: 1, layerBytes: 3 * MIB });
      const limit = limitBodies(MIB / 2);
      const { host } = await scene.serve(async (request) =>
        await limit(request) ?? await pair.destination.fetch(request)
      );
      return fails({ ...pair, destinationHost: host }, { codes: [6], text: /too large/ });
    },
  },
  {
    id: "patch-answered-204",
    situation: "The registry wants chunks, and answers each PATCH with 204 in place of 202.",
    start: (scene) =>
      withFault(scene, {
        method: "PATCH",
        action: {
          tamper: ({ status, headers }) =>
            new Response(null, { status: status === 202 ? 204 : status, headers }),
        },
      }, { destination: { maxUploadBytes: MIB }, image: { layers: 1, layerBytes: 2.5 * MIB } }),
  },
  {
    id: "upload-redirected-relative-location",
    situation: "POST of an upload is redirected to another host, whose Location is relative.",
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene, { destination: { location: "relative" } });
      const { descriptor } = await putImage(pair.source, "app", { tag: "1", ...large });
      const { host } = await scene.serve(async (request) => {
        const { pathname, search } = new URL(request.url);
        if (!pathname.includes(UPLOADS)) return await pair.destination.fetch(request);
        scene.hit();
        await discard(request);
        if (request.method !== "POST") return refusal(404, "BLOB_UPLOAD_UNKNOWN");
        const location = `${pair.destination.url}${pathname}${search}`;
        return new Response(null, { status: 307, headers: { location } });
      });
      return copies({ ...pair, destinationHost: host }, descriptor);
    },
  },
  {
    id: "put-redirected",
    situation:
      "POST is answered by the registry; each PUT of a blob is redirected to another host.",
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene, { destination: { location: "relative" } });
      const { descriptor } = await putImage(pair.source, "app", { tag: "1", ...large });
      const { host } = await scene.serve(async (request) => {
        const { pathname, search } = new URL(request.url);
        if (request.method !== "PUT" || !pathname.includes(UPLOADS)) {
          return await pair.destination.fetch(request);
        }
        scene.hit();
        await discard(request);
        const location = `${pair.destination.url}${pathname}${search}`;
        return new Response(null, { status: 307, headers: { location } });
      });
      return copies({ ...pair, destinationHost: host }, descriptor);
    },
  },
  {
    id: "relative-locations",
    situation: "All Locations of the destination are relative.",
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene, { destination: { location: "relative" } });
      const { descriptor } = await putImage(pair.source, "app", { tag: "1", ...large });
      return copies(pair, descriptor);
    },
  },
  {
    id: "blobs-lost-after-gc",
    situation:
      "After garbage collection HEAD and mount of lost blobs still succeed; the manifest is refused with MANIFEST_BLOB_UNKNOWN.",
    start: (scene) =>
      behind(scene, ({ method, url }) => {
        const { pathname, searchParams } = new URL(url);
        const digest = searchParams.get("mount");
        const isHead = method === "HEAD" && pathname.includes("/blobs/");
        if (!isHead && digest === null) return Promise.resolve(undefined);
        const location = digest === null ? pathname : `/v2/app/blobs/${digest}`;
        const status = isHead ? 200 : 201;
        return Promise.resolve(new Response(null, { status, headers: { location } }));
      }),
  },
  {
    id: "blobs-unknown-for-ever",
    situation:
      "The manifest is always refused with MANIFEST_BLOB_UNKNOWN. It is put twice at most.",
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene);
      const { config } = await putImage(pair.source, "app", { tag: "1" });
      const errors = [{ code: "MANIFEST_BLOB_UNKNOWN", detail: { digest: config.digest } }];
      scene.fail(pair.destination, {
        method: "PUT",
        path: "/manifests/",
        action: { status: 404, body: JSON.stringify({ errors }) },
      });
      return fails(pair, { codes: [4, 11], text: new RegExp(config.digest) }, {
        also(): void {
          const puts = pair.destination.count({ method: "PUT", path: "/manifests/" });
          assert.ok(puts <= 2, `the manifest was put ${puts} times`);
        },
      });
    },
  },
  {
    id: "child-refused-once",
    situation: "PUT of a child manifest is refused once with MANIFEST_BLOB_UNKNOWN for a layer.",
    needs: ["index"],
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene);
      const platforms = ["linux/amd64", "linux/arm64"];
      const { descriptor, images } = await putIndex(pair.source, "app", { tag: "1", platforms });
      const [layer] = images[0]?.layers ?? [];
      const errors = [{ code: "MANIFEST_BLOB_UNKNOWN", detail: { digest: layer?.digest } }];
      scene.fail(pair.destination, {
        method: "PUT",
        path: `/manifests/${images[0]?.descriptor.digest}`,
        times: 1,
        action: { status: 404, body: JSON.stringify({ errors }) },
      });
      return copies(pair, descriptor);
    },
  },
  {
    id: "upload-503-once",
    situation: "PUT of a layer is answered 503 once.",
    start: (scene) =>
      withFault(scene, { method: "PUT", path: UPLOADS, times: 1, action: { status: 503 } }, {
        image: large,
      }),
  },
  {
    id: "upload-post-500-once",
    situation: "The first request of an upload is answered 500 once.",
    start: (scene) =>
      withFault(scene, { method: "POST", path: UPLOADS, times: 1, action: { status: 500 } }),
  },
  {
    id: "manifest-429-once",
    situation: "PUT of the manifest is answered 429 with Retry-After once.",
    start: (scene) =>
      withFault(scene, {
        method: "PUT",
        path: "/manifests/",
        times: 1,
        action: { status: 429, headers: { "retry-after": "1" } },
      }),
  },
  {
    id: "upload-cut-once",
    situation: "The destination cuts the connection within a layer once.",
    start: (scene) =>
      withFault(scene, {
        method: "PUT",
        path: UPLOADS,
        times: 1,
        action: { cutRequestAfterBytes: 500_000 },
      }, { image: large }),
  },
  {
    id: "empty-blob-refused",
    situation: "The destination refuses a config of 0 bytes. The message must say so.",
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene);
      const config = {
        mediaType: "application/vnd.example.config",
        ...await pair.source.putBlob("app", new Uint8Array()),
      };
      const mediaType = "application/vnd.oci.image.manifest.v1+json";
      const manifest = { schemaVersion: 2, mediaType, config, layers: [] };
      await pair.source.putManifest("app", manifest, mediaType, ["1"]);
      const body = refusalBody("SIZE_INVALID", "the blob is empty");
      scene.fail(pair.destination, { method: "PUT", path: UPLOADS, action: { status: 400, body } });
      return fails(pair, { codes: [6, 11], text: /empty/ });
    },
  },
];

const sources: readonly FaultCase[] = [
  {
    id: "source-cut-twice",
    situation: "The source cuts the connection twice within a layer of 2 MiB.",
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene);
      const { descriptor } = await putImage(pair.source, "app", { tag: "1", ...large });
      const action = { cutAfterBytes: 500_000 };
      scene.fail(pair.source, { method: "GET", path: "/blobs/", times: 2, action });
      return copies(pair, descriptor);
    },
  },
  {
    id: "source-cut-without-ranges",
    situation: "The source cuts the connection once, and ignores Range.",
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene);
      const { descriptor, layers } = await putImage(pair.source, "app", { tag: "1", ...large });
      scene.fail(pair.source, {
        method: "GET",
        path: `/blobs/${layers[0]?.digest}`,
        times: 1,
        action: { cutAfterBytes: 500_000 },
      });
      const { host } = await scene.serve(async (request) => {
        request.headers.delete("range");
        return await pair.source.fetch(request);
      });
      return copies({ ...pair, sourceHost: host }, descriptor);
    },
  },
  {
    id: "signed-url-expired-on-resume",
    situation: "A layer breaks off, and its signed URL has expired when the rest is fetched.",
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene);
      const { descriptor, layers } = await putImage(pair.source, "app", { tag: "1", ...large });
      const digest = layers[0]?.digest ?? "";
      const bytes = await pair.source.getBlob("app", digest) ?? new Uint8Array();
      let signature = 0;
      let hasBroken = false;
      const storage = await scene.serve(({ url, headers }) => {
        if (new URL(url).searchParams.get("sig") !== `${signature}`) {
          return new Response("<Error><Code>ExpiredToken</Code></Error>", { status: 403 });
        }
        const from = Number(/bytes=(\d+)-/.exec(headers.get("range") ?? "")?.[1] ?? 0);
        const range = { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
        const length = { "content-length": `${bytes.length - from}` };
        if (hasBroken) {
          return new Response(bytes.slice(from), {
            status: from > 0 ? 206 : 200,
            headers: { ...length, ...(from > 0 ? range : {}) },
          });
        }
        hasBroken = true;
        scene.hit();
        return new Response(breakOff(bytes.slice(0, MIB)), { headers: length });
      });
      const { host } = await scene.serve(async (request) => {
        if (!request.url.includes(digest) || request.method !== "GET") {
          return await pair.source.fetch(request);
        }
        const location = `${storage.url}/layer?sig=${++signature}`;
        return new Response(null, { status: 307, headers: { location } });
      });
      return copies({ ...pair, sourceHost: host }, descriptor);
    },
  },
  {
    id: "layer-corrupt",
    situation: "A layer of the source has wrong bytes. Nothing may be tagged.",
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene);
      const { layers } = await putImage(pair.source, "app", { tag: "1", ...large });
      pair.source.corruptBlob("app", layers[0]?.digest ?? "");
      return fails(pair, { codes: [7] });
    },
  },
  {
    id: "layer-too-short",
    situation: "A layer of the source ends early, as if it were whole. Nothing may be tagged.",
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene);
      const { layers } = await putImage(pair.source, "app", { tag: "1", ...large });
      scene.fail(pair.source, {
        method: "GET",
        path: `/blobs/${layers[0]?.digest}`,
        action: { tamper: async (response) => shorten(await response.bytes()) },
      });
      return fails(pair, { codes: [7, 8] });
    },
  },
];

function shorten(bytes: Uint8Array<ArrayBuffer>): Response {
  assert.ok(bytes.length > 1000);
  const length = `${bytes.length - 1000}`;
  return new Response(bytes.slice(0, -1000), { headers: { "content-length": length } });
}

function breakOff(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  let isSent = false;
  return new ReadableStream({
    pull(controller): void {
      if (isSent) cut();
      isSent = true;
      controller.enqueue(bytes);
    },
  }, { highWaterMark: 0 });
}

export const cases: readonly FaultCase[] = [
  ...lost,
  ...refusedBodies,
  ...limits,
  ...others,
  ...sources,
];
