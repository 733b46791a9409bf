/** Content that is unusual, and referrers that are listed in unusual ways. */
import assert from "node:assert/strict";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import type { Descriptor } from "../../../src/oci/descriptor.ts";
import { digestTag, referrersTag } from "../../../src/oci/digest_tag.ts";
import { OCI_INDEX, OCI_MANIFEST } from "../../../src/oci/media_types.ts";
import { putCosignSignature, putImage, putIndex, putReferrer } from "../../support/image.ts";
import type { RunningRegistry } from "../../support/registry.ts";
import { copies, expectExit, refusal, startPair } from "../attempts.ts";
import type { Pair } from "../attempts.ts";
import type { Attempt, FaultCase } from "../fault_case.ts";
import { closerOf } from "../../support/close_server.ts";

const SBOM = "application/vnd.example.sbom";
const CONFIG = "application/vnd.oci.image.config.v1+json";

const referrers: readonly FaultCase[] = [
  {
    id: "fallback-entries-from-manifests",
    situation:
      "Neither side has the referrers API, and the source's fallback tag has bare descriptors.",
    needs: ["referrers"],
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene, {
        source: { referrers: false },
        destination: { referrers: false },
      });
      const { source, destination } = pair;
      const { descriptor } = await putImage(source, "app", { tag: "1" });
      const annotations = { "org.example.made": "now" };
      const artifact = { artifactType: SBOM, payload: "{}", annotations };
      const { descriptor: referrer } = await putReferrer(source, "app", descriptor, artifact);
      const tag = referrersTag(descriptor.digest);
      const { mediaType, digest, size } = referrer;
      const bare = {
        schemaVersion: 2,
        mediaType: OCI_INDEX,
        manifests: [{ mediaType, digest, size }],
      };
      await source.putManifest("app", bare, OCI_INDEX, [tag]);
      return copies(pair, descriptor, {
        also(): void {
          const [entry] = readIndex(destination, tag);
          assert.equal(entry?.artifactType, SBOM);
          assert.deepEqual(entry?.annotations, annotations);
        },
      });
    },
  },
  {
    id: "referrers-in-pages",
    situation: "The source's referrers API returns its list in pages, with a relative Link.",
    needs: ["referrers"],
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene);
      const { source, destination } = pair;
      const { descriptor } = await putImage(source, "app", { tag: "1" });
      const made: Descriptor[] = [];
      for (const payload of ["a", "b", "c"]) {
        const artifact = { artifactType: SBOM, payload };
        made.push((await putReferrer(source, "app", descriptor, artifact)).descriptor);
      }
      const path = `/v2/app/referrers/${descriptor.digest}`;
      const { host } = await scene.serve(async (request) => {
        const url = new URL(request.url);
        if (url.pathname !== path) return await source.fetch(request);
        scene.hit();
        const page = Number(url.searchParams.get("page") ?? 0);
        const manifests = made.slice(page, page + 1);
        const link = page < made.length - 1
          ? { link: `<${path}?page=${page + 1}>; rel="next"` }
          : undefined;
        return Response.json({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }, {
          headers: { "content-type": OCI_INDEX, ...link },
        });
      });
      return copies({ ...pair, sourceHost: host }, descriptor, {
        also(): void {
          for (const { digest } of made) assert.ok(destination.getManifest("app", digest), digest);
        },
      });
    },
  },
  {
    id: "referrer-loops",
    situation:
      "The image's signature tag is the image itself, and its fallback tag lists the image.",
    needs: ["referrers"],
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene, { source: { referrers: false } });
      const { source } = pair;
      const { descriptor } = await putImage(source, "app", { tag: "1" });
      source.setTag("app", digestTag(descriptor.digest, "sig") ?? "", descriptor.digest);
      const loop = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [descriptor] };
      await source.putManifest("app", loop, OCI_INDEX, [referrersTag(descriptor.digest)]);
      return copies(pair, descriptor);
    },
  },
  {
    id: "signed-signature",
    situation: "A signature tag has a signature tag of its own.",
    needs: ["digestTags"],
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene);
      const { descriptor } = await putImage(pair.source, "app", { tag: "1" });
      const first = await putCosignSignature(pair.source, "app", descriptor.digest);
      await putCosignSignature(pair.source, "app", first.descriptor.digest);
      return copies(pair, descriptor, {
        also: () => assert.ok(pair.destination.getManifest("app", first.tag), first.tag),
      });
    },
  },
  {
    id: "fallback-tag-is-the-image",
    situation:
      "The source has no referrers API, refuses to list tags, and answers every tag with the image (GitLab).",
    needs: ["referrers"],
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene, { source: { referrers: false } });
      const platforms = ["linux/amd64", "linux/arm64"];
      const { descriptor } = await putIndex(pair.source, "app", { tag: "1", platforms });
      const { host } = await scene.serve(async (request) => {
        const { pathname } = new URL(request.url);
        if (pathname.endsWith("/tags/list")) return refusal(403, "DENIED");
        if (!pathname.includes("/manifests/sha256-")) return await pair.source.fetch(request);
        scene.hit();
        const { method, headers } = request;
        const url = request.url.replace(/sha256-[^/]*$/, "1");
        return await pair.source.fetch(new Request(url, { method, headers }));
      });
      return copies({ ...pair, sourceHost: host }, descriptor);
    },
  },
  ...[400, 404].map((status): FaultCase => ({
    id: `referrers-of-unknown-subject-${status}`,
    situation:
      `The destination has the referrers API, which answers ${status} until the subject is there.`,
    needs: ["referrers"],
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene);
      const { source, destination } = pair;
      const { descriptor } = await putImage(source, "app", { tag: "1" });
      const artifact = { artifactType: SBOM, payload: "{}" };
      const referrer = await putReferrer(source, "app", descriptor, artifact);
      const { host } = await scene.serve(async (request) => {
        const isUnknown = request.url.includes("/referrers/") &&
          !destination.getManifest("app", descriptor.digest);
        return isUnknown ? refusal(status, "UNKNOWN") : await destination.fetch(request);
      });
      return copies({ ...pair, destinationHost: host }, descriptor, {
        also(): void {
          assert.ok(destination.getManifest("app", referrer.descriptor.digest), "the referrer");
          assert.deepEqual(destination.tags("app"), ["1"]);
        },
      });
    },
  })),
];

function readIndex(registry: RunningRegistry, tag: string): Descriptor[] {
  const manifest = registry.getManifest("app", tag);
  assert.ok(manifest, `no tag ${tag}`);
  return JSON.parse(new TextDecoder().decode(manifest.bytes)).manifests;
}

/** An image whose manifest is answered with another media type. */
function servedAs(type: string | undefined, methods: readonly string[]): FaultCase["start"] {
  return async (scene) => {
    const pair = await startPair(scene);
    const { descriptor } = await putImage(pair.source, "app", { tag: "1" });
    const { host } = await scene.serve(async (request) => {
      const response = await pair.source.fetch(request);
      if (!request.url.includes("/manifests/") || !methods.includes(request.method)) {
        return response;
      }
      if (response.status !== 200) return response;
      scene.hit();
      if (type === undefined) response.headers.delete("content-type");
      else response.headers.set("content-type", type);
      return response;
    });
    return copies({ ...pair, sourceHost: host }, descriptor, {
      also(): void {
        const manifest = pair.destination.getManifest("app", "1");
        assert.equal(manifest?.mediaType, OCI_MANIFEST, "its type at the destination");
      },
    });
  };
}

const GENERAL_TYPES = [
  ["json", "application/json"],
  ["text", "text/plain; charset=utf-8"],
  ["bytes", "application/octet-stream"],
  ["none", undefined],
] as const;

/** Puts a manifest with this JSON as `app:1`. */
async function putAs1(pair: Pair, manifest: Record<string, unknown>): Promise<Descriptor> {
  const mediaType = `${manifest["mediaType"]}`;
  return await pair.source.putManifest("app", manifest, mediaType, ["1"]);
}

const documents: readonly FaultCase[] = [
  {
    id: "buildkit-cache",
    situation: "An index lists blobs: three layers and a cache config of BuildKit.",
    needs: ["index"],
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene);
      const { layers } = await putImage(pair.source, "app", { layers: 3 });
      const cache = await pair.source.putBlob("app", new TextEncoder().encode("{}"));
      const mediaType = "application/vnd.buildkit.cacheconfig.v0";
      const manifests = [...layers, { mediaType, ...cache }];
      const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests };
      return copies(pair, await putAs1(pair, index));
    },
  },
  {
    id: "empty-config-only-inline",
    situation: "The empty config is only in the descriptor's `data`; the source lacks the blob.",
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene);
      const { layers } = await putImage(pair.source, "app");
      const manifest = {
        schemaVersion: 2,
        mediaType: OCI_MANIFEST,
        artifactType: SBOM,
        config: {
          mediaType: "application/vnd.oci.empty.v1+json",
          digest: "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
          size: 2,
          data: "e30=",
        },
        layers,
      };
      return copies(pair, await putAs1(pair, manifest));
    },
  },
  ...GENERAL_TYPES.map(([name, type]): FaultCase => ({
    id: `manifest-of-general-type-${name}`,
    situation: `The source serves manifests as ${type ?? "no media type"}.`,
    start: servedAs(type, ["GET", "HEAD"]),
  })),
  {
    id: "head-has-another-type",
    situation: "HEAD of a manifest says text/html, GET says its media type.",
    start: servedAs("text/html", ["HEAD"]),
  },
  ...[["linux/arm64", "linux/arm64/v8"], ["linux/arm64/v8", "linux/arm64"]].map((
    [listed = "", wanted = ""],
  ): FaultCase => ({
    id: `platform-${listed.replaceAll("/", "-")}`,
    situation: `The index lists ${listed}, and --platform selects ${wanted}.`,
    needs: ["crossdock"],
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene);
      const platforms = ["linux/amd64", listed];
      const { images } = await putIndex(pair.source, "app", { tag: "1", platforms });
      const image = images[1]?.descriptor;
      assert.ok(image);
      return copies(pair, image, {
        flags: ["--platform", wanted, "--index", "unwrap"],
        fields: { platforms: [wanted], index: "unwrap" },
      });
    },
  })),
  {
    id: "some-platforms-rebuilt",
    situation:
      "amd64 and two Windows builds of an index with attestations, to a registry that checks children.",
    needs: ["crossdock"],
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene);
      const { source, destination } = pair;
      const platforms = ["linux/amd64", "linux/arm64"];
      const made = await putIndex(source, "app", { platforms, attestations: true });
      const index = JSON.parse(
        new TextDecoder().decode(source.getManifest("app", made.descriptor.digest)?.bytes),
      );
      for (const [seed, version] of [[7, "10.0.17763.1"], [8, "10.0.20348.1"]] as const) {
        const { descriptor } = await putImage(source, "app", { seed });
        const platform = { os: "windows", architecture: "amd64", "os.version": version };
        index.manifests.push({ ...descriptor, platform });
      }
      await putAs1(pair, index);
      return {
        source: `${source.host}/app:1`,
        destination: `${destination.host}/app:1`,
        flags: ["--platform", "linux/amd64", "--platform", "windows/amd64"],
        fields: { platforms: ["linux/amd64", "windows/amd64"] },
        check(outcome): void {
          expectExit(outcome, 0);
          const kept = readIndex(destination, "1").map(({ digest }) => digest);
          const arm = [made.images[1], made.attestations[1]].map((one) => one?.descriptor.digest);
          const wanted = index.manifests.map(({ digest }: Descriptor) => digest)
            .filter((digest: string) => !arm.includes(digest as Descriptor["digest"]));
          assert.deepEqual(kept, wanted);
        },
      };
    },
  },
  ...["layers", "annotations", "subject"].map((key): FaultCase => ({
    id: `null-${key}`,
    situation: `A manifest of a Go program has \`"${key}": null\`.`,
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene);
      const { config, layers } = await putImage(pair.source, "app");
      const mediaType = OCI_MANIFEST;
      const manifest = { schemaVersion: 2, mediaType, config, layers, [key]: null };
      return copies(pair, await putAs1(pair, manifest));
    },
  })),
  {
    id: "null-manifests",
    situation: 'An empty index of a Go program has `"manifests": null`.',
    needs: ["index"],
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene);
      const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: null };
      return copies(pair, await putAs1(pair, index));
    },
  },
  ...([
    ["yaml", "a: 1\n", "application/vnd.example+yaml"],
    ["empty", "", "application/vnd.cncf.notary.signature"],
    ["helm", '{"name":"chart","version":"1.0.0"}', "application/vnd.cncf.helm.config.v1+json"],
    ["nulls", '{"os":null,"architecture":null,"created":null,"history":null}', CONFIG],
  ] as const).map(([name, text, mediaType]): FaultCase => ({
    id: `inspect-config-${name}`,
    situation: `\`inspect\` of an artifact whose config is ${JSON.stringify(text) || "empty"}.`,
    needs: ["crossdock"],
    on: ["deno"],
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene);
      const { layers } = await putImage(pair.source, "app");
      const blob = await pair.source.putBlob("app", new TextEncoder().encode(text));
      const config = { mediaType, ...blob };
      await putAs1(pair, { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers });
      const source = `${pair.source.host}/app:1`;
      return {
        source,
        destination: "",
        command: ["inspect", source],
        check: (outcome) => expectExit(outcome, 0),
      };
    },
  })),
  {
    id: "http10-static-source",
    situation: "The source is a static file server: HTTP/1.0, no Content-Length, one media type.",
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene);
      const { descriptor } = await putImage(pair.source, "app", { tag: "1", layerBytes: 200_000 });
      const server = createServer((socket) => {
        socket.on("error", () => {});
        socket.once("data", async (data) => {
          const [method = "", path = ""] = data.toString().split(" ");
          // Some tools try TLS first.
          if (method !== "GET" && method !== "HEAD") return void socket.destroy();
          const url = `${pair.source.url}${path}`;
          const response = await pair.source.fetch(new Request(url, { method }));
          const isFile = /\/(manifests|blobs)\//.test(path) && response.ok;
          const status = isFile || path === "/v2/" ? "200 OK" : "404 Not Found";
          socket.write(
            `HTTP/1.0 ${status}\r\ncontent-type: application/octet-stream\r\n` +
              "connection: close\r\n\r\n",
          );
          socket.end(isFile && method === "GET" ? await response.bytes() : "");
        });
      });
      scene.use({ [Symbol.asyncDispose]: closerOf(server) });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const sourceHost = `127.0.0.1:${(server.address() as AddressInfo).port}`;
      return copies({ ...pair, sourceHost }, descriptor);
    },
  },
];

export const cases: readonly FaultCase[] = [...referrers, ...documents];
