/** Content that is at the destination already, immutable tags, and digests that the destination names. */
import assert from "node:assert/strict";
import { putCosignSignature, putImage, putIndex, putReferrer } from "../../support/image.ts";
import type { RunningRegistry } from "../../support/registry.ts";
import type { Handler } from "../../support/serve.ts";
import { copies, expectExit, expectFailure, fails, refusal } from "../attempts.ts";
import { startPair } from "../attempts.ts";
import type { Attempt, FaultCase } from "../fault_case.ts";
import type { Scene } from "../scene.ts";

/** A registry in front of another that refuses every PUT of a tag that exists. */
function withImmutableTags(registry: RunningRegistry, scene: Scene): Handler {
  return async (request) => {
    const { pathname } = new URL(request.url);
    const [, repository = "", tag = ""] = /^\/v2\/(.+)\/manifests\/([^:]+)$/.exec(pathname) ?? [];
    if (request.method !== "PUT" || !registry.getManifest(repository, tag)) {
      return await registry.fetch(request);
    }
    scene.hit();
    return refusal(400, "TAG_INVALID", "the tag is immutable");
  };
}

/** A registry in front of another that refuses every PUT of a manifest by its digest if it is there. */
function withImmutableChildren(registry: RunningRegistry): Handler {
  return async (request) => {
    const digest = /\/manifests\/(sha256:\w+)$/.exec(new URL(request.url).pathname)?.[1];
    const isThere = digest !== undefined && registry.getManifest("app", digest) !== undefined;
    if (request.method !== "PUT" || !isThere) return await registry.fetch(request);
    return refusal(400, "MANIFEST_INVALID", "the manifest is immutable");
  };
}

const otherImage = [[400, "TAG_INVALID"], [409, "DENIED"], [412, "PRECONDITION"]] as const;

export const cases: readonly FaultCase[] = [
  {
    id: "immutable-tag-same-image-race",
    situation:
      "PUT of the tag stores it and is answered 400 TAG_INVALID, as if a parallel copy was faster.",
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene);
      const { descriptor } = await putImage(pair.source, "app", { tag: "1" });
      const tamper = (): Response => refusal(400, "TAG_INVALID", "the tag is immutable");
      scene.fail(pair.destination, { method: "PUT", path: "/manifests/1", action: { tamper } });
      return copies(pair, descriptor);
    },
  },
  {
    id: "immutable-signature-tag",
    situation:
      "The destination has an image with its signature tag, and tags are immutable. A second tag is copied.",
    needs: ["digestTags"],
    async start(scene): Promise<Attempt> {
      const { source, destination } = await startPair(scene);
      let digest = "";
      for (const [registry, tag] of [[source, "2"], [destination, "1"]] as const) {
        const { descriptor } = await putImage(registry, "app", { tag });
        await putCosignSignature(registry, "app", descriptor.digest);
        digest = descriptor.digest;
      }
      const { host } = await scene.serve(withImmutableTags(destination, scene));
      return {
        source: `${source.host}/app:2`,
        destination: `${host}/app:2`,
        check(outcome): void {
          expectExit(outcome, 0);
          assert.equal(destination.getManifest("app", "2")?.digest, digest);
        },
      };
    },
  },
  ...otherImage.map(([status, code]): FaultCase => ({
    id: `immutable-tag-other-image-${status}`,
    situation: `The tag is another image and immutable: PUT is refused with ${status}.`,
    async start(scene): Promise<Attempt> {
      const { source, destination } = await startPair(scene);
      await putImage(source, "app", { tag: "1" });
      const { descriptor } = await putImage(destination, "app", { tag: "1", seed: 2 });
      const body = JSON.stringify({ errors: [{ code, message: "the tag is immutable" }] });
      scene.fail(destination, { method: "PUT", path: "/manifests/1", action: { status, body } });
      return {
        source: `${source.host}/app:1`,
        destination: `${destination.host}/app:1`,
        check(outcome): void {
          expectFailure(outcome, { codes: [3, 5, 11], text: /the tag is immutable/ });
          assert.equal(destination.getManifest("app", "1")?.digest, descriptor.digest);
          assert.equal(destination.count({ method: "PUT", path: "/manifests/1" }), 1);
        },
      };
    },
  })),
  {
    id: "unchanged-image",
    situation: "The destination has the image under its tag. Nothing may be written.",
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene);
      const { descriptor } = await putImage(pair.source, "app", { tag: "1" });
      await putImage(pair.destination, "app", { tag: "1" });
      return copies(pair, descriptor, {
        also: () => {
          assert.equal(writes(pair.destination), 0);
          assert.equal(pair.source.count({ method: "GET", path: "/blobs/" }), 0);
        },
      });
    },
  },
  {
    id: "immutable-children",
    situation:
      "The destination has the index under another tag, and refuses to put its manifests again.",
    needs: ["index"],
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene);
      const platforms = ["linux/amd64", "linux/arm64"];
      const { descriptor } = await putIndex(pair.source, "app", { tag: "1", platforms });
      await putIndex(pair.destination, "app", { tag: "0", platforms });
      const { host } = await scene.serve(withImmutableChildren(pair.destination));
      return copies({ ...pair, destinationHost: host }, descriptor);
    },
  },
  {
    id: "immutable-referrers",
    situation:
      "The destination has a referrer of an image under another tag, and refuses to put it again.",
    needs: ["referrers"],
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene);
      const artifact = { artifactType: "application/vnd.example.sbom", payload: "{}" };
      const { descriptor } = await putImage(pair.source, "app", { tag: "1" });
      await putReferrer(pair.source, "app", descriptor, artifact);
      await putImage(pair.destination, "app", { tag: "0" });
      await putReferrer(pair.destination, "app", descriptor, artifact);
      const { host } = await scene.serve(withImmutableChildren(pair.destination));
      return copies({ ...pair, destinationHost: host }, descriptor);
    },
  },
  {
    id: "second-tag",
    situation:
      "A second tag is set in the repository of the image: one PUT, and no blob is fetched.",
    async start(scene): Promise<Attempt> {
      const registry = await scene.registry();
      const { descriptor } = await putImage(registry, "app", { tag: "1", layers: 8 });
      return {
        source: `${registry.host}/app:1`,
        destination: `${registry.host}/app:2`,
        check(outcome): void {
          expectExit(outcome, 0);
          assert.equal(registry.getManifest("app", "2")?.digest, descriptor.digest);
          assert.equal(writes(registry), 1);
          assert.equal(registry.count({ method: "GET", path: "/blobs/" }), 0);
        },
      };
    },
  },
  {
    id: "onto-itself",
    situation: "An image with a signature is copied onto itself. Nothing may be written.",
    async start(scene): Promise<Attempt> {
      const registry = await scene.registry();
      const { descriptor } = await putImage(registry, "app", { tag: "1" });
      await putCosignSignature(registry, "app", descriptor.digest);
      return {
        source: `${registry.host}/app:1`,
        destination: `${registry.host}/app:1`,
        check(outcome): void {
          expectExit(outcome, 0);
          assert.equal(writes(registry), 0);
        },
      };
    },
  },
  {
    id: "destination-names-other-digest",
    situation: "The destination names a digest that the copy cannot have. No tag may be set.",
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene);
      await putImage(pair.source, "app", { tag: "1" });
      const wrong = `sha256:${"0".repeat(64)}`;
      return fails(pair, { codes: [2, 7], text: /sha256:0000/ }, {
        destination: `${pair.destination.host}/app:1@${wrong}`,
        also({ isCrossdock }): void {
          if (isCrossdock) assert.equal(writes(pair.destination), 0);
        },
      });
    },
  },
];

function writes(registry: RunningRegistry): number {
  return registry.requests.filter(({ method }) => ["PUT", "POST", "PATCH"].includes(method)).length;
}
