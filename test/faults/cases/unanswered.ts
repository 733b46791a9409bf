/** Questions that only save work, and that a registry refuses: mounts, checks, referrers and digest tags. */
import assert from "node:assert/strict";
import { putCosignSignature, putImage, putReferrer } from "../../support/image.ts";
import { copies, expectExit, refusal, refusalBody, startPair } from "../attempts.ts";
import type { Pair } from "../attempts.ts";
import type { Attempt, FaultCase } from "../fault_case.ts";
import type { Scene } from "../scene.ts";

/** More are a loop. Some tools try each mount a few times. */
const MAX_MOUNTS = 25;
const MAX_TOKENS = 25;

/** A copy within one registry, in which mounts are refused. */
async function refuseMounts(
  scene: Scene,
  { status, code, needsToken }: { status: number; code: string; needsToken: boolean },
): Promise<Attempt> {
  const users = { ada: "secret" };
  const registry = await scene.registry(needsToken ? { auth: { type: "bearer", users } } : {});
  const { descriptor } = await putImage(registry, "app/src", { tag: "1", layers: 4 });
  let mounts = 0;
  const server = await scene.serve(async (request) => {
    const url = new URL(request.url);
    if (!url.searchParams.has("mount")) return await registry.fetch(request);
    scene.hit();
    mounts++;
    const response = refusal(status, code, "the mount is refused");
    const challenge = `Bearer realm="${url.origin}/token",service="${url.host}",` +
      `scope="repository:app/src:pull",error="insufficient_scope"`;
    if (needsToken) response.headers.set("www-authenticate", challenge);
    return response;
  });
  return {
    source: `${server.host}/app/src:1`,
    destination: `${server.host}/app/dst:1`,
    ...(needsToken ? { credentials: { [server.host]: "ada:secret" } } : {}),
    check(outcome): void {
      expectExit(outcome, 0);
      assert.equal(registry.getManifest("app/dst", "1")?.digest, descriptor.digest);
      assert.ok(mounts <= MAX_MOUNTS, `${mounts} mounts of 5 blobs`);
      const tokens = registry.count({ kind: "token" });
      assert.ok(tokens <= MAX_TOKENS, `${tokens} tokens`);
    },
  };
}

const MOUNT_REFUSALS = [
  [400, "NAME_INVALID"],
  [401, "UNAUTHORIZED"],
  [403, "DENIED"],
  [404, "BLOB_UNKNOWN"],
  [405, "UNSUPPORTED"],
  [500, "UNKNOWN"],
  [503, "UNAVAILABLE"],
] as const;

const mounts = MOUNT_REFUSALS.map(([status, code]): FaultCase => ({
  id: `mount-${status}`,
  situation: `Mounting a blob from another repository of the registry is answered ${status}.`,
  start: (scene) => refuseMounts(scene, { status, code, needsToken: status === 401 }),
}));

const blobChecks = [400, 403, 412, 500].map((status): FaultCase => ({
  id: `blob-check-${status}`,
  situation: `The destination refuses mounts, and HEAD and GET of blobs are answered ${status}.`,
  async start(scene): Promise<Attempt> {
    const pair = await startPair(scene);
    const { descriptor } = await putImage(pair.source, "app", { tag: "1" });
    const server = await scene.serve(async (request) => {
      const { pathname, searchParams } = new URL(request.url);
      if (searchParams.has("mount")) return refusal(405, "UNSUPPORTED");
      const isCheck = /\/blobs\/sha256:/.test(pathname);
      if (isCheck) scene.hit();
      return isCheck ? refusal(status, "UNKNOWN") : await pair.destination.fetch(request);
    });
    return copies({ ...pair, destinationHost: server.host }, descriptor);
  },
}));

const tagChecks = [400, 403, 412, 500, 503].map((status): FaultCase => ({
  id: `tag-check-${status}`,
  situation: `HEAD and GET of the destination's tag are answered ${status}.`,
  start: (scene) =>
    start(scene, ({ destination }) => {
      const action = { status, body: refusalBody("DENIED") };
      for (const method of ["HEAD", "GET"]) {
        scene.fail(destination, { method, path: "/manifests/", action });
      }
    }),
}));

async function start(scene: Scene, change: (pair: Pair) => void | Promise<void>): Promise<Attempt> {
  const pair = await startPair(scene);
  const { descriptor } = await putImage(pair.source, "app", { tag: "1" });
  await change(pair);
  return copies(pair, descriptor);
}

const others: readonly FaultCase[] = [
  {
    id: "tag-head-500",
    situation: "HEAD of the destination's manifests is answered 500, and GET works.",
    start: (scene) =>
      start(scene, ({ destination }) => {
        const action = { status: 500 };
        scene.fail(destination, { method: "HEAD", path: "/manifests/", action });
      }),
  },
  {
    id: "push-only-credential",
    situation: "The credential may push and not pull: HEAD and GET at the destination are denied.",
    start: (scene) =>
      start(scene, ({ destination }) => {
        const action = { status: 403, body: refusalBody("DENIED") };
        for (const method of ["HEAD", "GET"]) {
          scene.fail(destination, { method, path: "/v2/app/", action });
        }
      }),
  },
  {
    id: "blob-head-redirected-403",
    situation: "HEAD of a blob at the destination is redirected to storage that denies HEAD.",
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene);
      const { descriptor } = await putImage(pair.source, "app", { tag: "1" });
      const storage = await scene.serve(({ method }) =>
        method === "HEAD" ? new Response(null, { status: 403 }) : new Response("x")
      );
      const server = await scene.serve(async (request) => {
        const { pathname, searchParams } = new URL(request.url);
        if (searchParams.has("mount")) return refusal(405, "UNSUPPORTED");
        if (request.method === "HEAD" && pathname.includes("/blobs/")) {
          scene.hit();
          return new Response(null, { status: 307, headers: { location: `${storage.url}/x` } });
        }
        return await pair.destination.fetch(request);
      });
      return copies({ ...pair, destinationHost: server.host }, descriptor);
    },
  },
  {
    id: "verify-blob-head-redirected-403",
    situation: "`verify` of a copy whose blobs are in storage that denies HEAD.",
    needs: ["crossdock"],
    on: ["deno"],
    async start(scene): Promise<Attempt> {
      const { source, destination } = await startPair(scene);
      for (const registry of [source, destination]) await putImage(registry, "app", { tag: "1" });
      const storage = await scene.serve(({ method }) =>
        method === "HEAD" ? new Response(null, { status: 403 }) : new Response("x")
      );
      const action = { redirect: `${storage.url}/x` };
      scene.fail(destination, { path: "/blobs/", action });
      const names = { source: `${source.host}/app:1`, destination: `${destination.host}/app:1` };
      return {
        ...names,
        command: ["verify", names.source, names.destination],
        check: (outcome) => expectExit(outcome, 0),
      };
    },
  },
  {
    id: "referrers-other-host-429",
    situation:
      "The referrers API is redirected to a web host that answers 429; the fallback tag has the list.",
    needs: ["referrers"],
    async start(scene): Promise<Attempt> {
      const web = await scene.serve(() => new Response("slow down", { status: 429 }));
      const action = { redirect: `${web.url}/login`, status: 303 };
      return await copyReferrer(scene, (source) => {
        scene.fail(source, { path: "/referrers/", action });
      });
    },
  },
  {
    id: "referrers-html",
    situation: "The referrers API is answered with a web page; the fallback tag has the list.",
    needs: ["referrers"],
    start: (scene) =>
      copyReferrer(scene, (source) => {
        const tamper = (): Response =>
          new Response("<html>sign in</html>", { headers: { "content-type": "text/html" } });
        scene.fail(source, { path: "/referrers/", action: { tamper } });
      }),
  },
  ...[403, 500].map((status): FaultCase => ({
    id: `referrers-${status}`,
    situation: `The referrers API is answered ${status}.`,
    needs: ["referrers"],
    start: (scene) =>
      start(scene, ({ source }) => {
        scene.fail(source, { path: "/referrers/", action: { status } });
      }),
  })),
  ...[400, 403, 500].map((status): FaultCase => ({
    id: `digest-tags-not-askable-${status}`,
    situation:
      `The source refuses to list tags, and answers HEAD of signature tags with ${status}.`,
    needs: ["digestTags"],
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene);
      const { descriptor } = await putImage(pair.source, "app", { tag: "1" });
      await putCosignSignature(pair.source, "app", descriptor.digest);
      scene.fail(pair.source, { path: "/tags/list", action: { status: 403 } });
      scene.fail(pair.source, { path: "/manifests/sha256-", action: { status } });
      return copies(pair, descriptor, {
        also: ({ output, isCrossdock }): void => {
          if (isCrossdock) assert.match(output, /may be missing in the copy/);
        },
      });
    },
  })),
];

/** A copy of an image with a referrer, which the source lists at the fallback tag. */
async function copyReferrer(
  scene: Scene,
  change: (source: Pair["source"]) => void,
): Promise<Attempt> {
  const pair = await startPair(scene, { source: { referrers: false } });
  const { descriptor } = await putImage(pair.source, "app", { tag: "1" });
  const artifact = { artifactType: "application/vnd.example.sbom", payload: "{}" };
  const referrer = await putReferrer(pair.source, "app", descriptor, artifact);
  change(pair.source);
  return copies(pair, descriptor, {
    also(): void {
      assert.ok(pair.destination.getManifest("app", referrer.descriptor.digest), "the referrer");
    },
  });
}

export const cases: readonly FaultCase[] = [...mounts, ...blobChecks, ...tagChecks, ...others];
