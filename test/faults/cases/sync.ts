/** `crossdock sync`: rules in which something fails, and files as people write them. */
import assert from "node:assert/strict";
import { putImage } from "../../support/image.ts";
import { expectExit, refusal, startPair } from "../attempts.ts";
import type { Pair } from "../attempts.ts";
import type { Attempt, FaultCase, Outcome } from "../fault_case.ts";
import type { Scene } from "../scene.ts";

async function sync(
  scene: Scene,
  file: string | Uint8Array,
  check: (outcome: Outcome) => void | Promise<void>,
): Promise<Attempt> {
  const path = await scene.writeFile("crossdock.yaml", file);
  return { source: "", destination: "", command: ["sync", "--config", path], check };
}

function ruleFor({ source, destination, sourceHost = source.host }: Pair, tags: string): string {
  return `sync:
- source: ${sourceHost}/app
  target: ${destination.host}/app
  type: repository
  ${tags}
`;
}

const SYNC: Omit<FaultCase, "id" | "situation" | "start"> = {
  needs: ["crossdock"],
  on: ["deno"],
};

const NUMBERS = [
  "3.10",
  "1234567",
  "72044e0",
  "0x1f",
  "010",
  "1_000",
  "2024-01-01",
  "yes",
  "1e3",
];

export const cases: readonly FaultCase[] = [
  {
    ...SYNC,
    id: "sync-two-bad-tags",
    situation: "One tag has a corrupt layer, another has lost its manifest. The others are copied.",
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene);
      const { source, destination } = pair;
      for (const [seed, tag] of ["good", "fine", "corrupt", "gone"].entries()) {
        await putImage(source, "app", { tag, seed });
      }
      const corrupt = source.getManifest("app", "corrupt");
      const { layers: [layer] } = JSON.parse(new TextDecoder().decode(corrupt?.bytes));
      source.corruptBlob("app", layer.digest);
      scene.fail(source, { path: "/manifests/gone", action: { status: 404 } });
      return await sync(scene, ruleFor(pair, ""), (outcome) => {
        expectExit(outcome, 13);
        assert.deepEqual(destination.tags("app"), ["fine", "good"]);
        for (const tag of ["corrupt", "gone"]) assert.match(outcome.output, new RegExp(tag));
      });
    },
  },
  {
    ...SYNC,
    id: "sync-without-latest",
    situation: "The repository has no `latest`, and unknown tags are answered 401.",
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene);
      const { source, destination } = pair;
      await putImage(source, "app", { tag: "1" });
      let isAsked = false;
      const { host } = await scene.serve((request) => {
        if (!request.url.includes("/manifests/latest")) return source.fetch(request);
        isAsked = true;
        return refusal(401, "UNAUTHORIZED");
      });
      return await sync(scene, ruleFor({ ...pair, sourceHost: host }, ""), (outcome) => {
        expectExit(outcome, 0);
        assert.deepEqual(destination.tags("app"), ["1"]);
        assert.equal(isAsked, false, "a request for latest");
      });
    },
  },
  {
    ...SYNC,
    id: "sync-shared-layers",
    situation:
      "Images that share layers go to two repositories of a registry that takes a while for uploads.",
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene);
      const { source, destination } = pair;
      for (const tag of ["1", "2"]) await putImage(source, "app", { tag, annotations: { tag } });
      scene.fail(destination, {
        method: "PUT",
        path: "/blobs/uploads/",
        action: { delayMs: 300 },
      });
      const file = `sync:
- source: ${source.host}/app
  targets: [${destination.host}/one, ${destination.host}/two]
  type: repository
`;
      return await sync(scene, file, (outcome) => {
        expectExit(outcome, 0);
        for (const name of ["one", "two"]) assert.deepEqual(destination.tags(name), ["1", "2"]);
      });
    },
  },
  {
    ...SYNC,
    id: "sync-tag-and-digest",
    situation: "The rule's source has a tag and a digest, and the tag has moved on since.",
    async start(scene): Promise<Attempt> {
      const { source, destination } = await startPair(scene);
      const { descriptor: { digest } } = await putImage(source, "app", { tag: "1" });
      await putImage(source, "app", { tag: "1", seed: 2 });
      const file = `sync:
- source: ${source.host}/app:1@${digest}
  target: ${destination.host}/app:1
  type: image
`;
      return await sync(scene, file, (outcome) => {
        expectExit(outcome, 0);
        assert.equal(destination.getManifest("app", "1")?.digest, digest);
      });
    },
  },
  {
    ...SYNC,
    id: "sync-tags-like-numbers",
    situation: `Tags in a rule without quotes that look like numbers: ${NUMBERS.join(", ")}.`,
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene);
      for (const tag of [...NUMBERS, "other"]) await putImage(pair.source, "app", { tag });
      const tags = `tags: { allow: [${NUMBERS.join(", ")}] }`;
      return await sync(scene, ruleFor(pair, tags), (outcome) => {
        expectExit(outcome, 0);
        assert.deepEqual(pair.destination.tags("app"), [...NUMBERS].sort());
      });
    },
  },
  {
    ...SYNC,
    id: "sync-file-of-windows",
    situation: "The rules begin with a byte order mark and have CRLF.",
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene);
      await putImage(pair.source, "app", { tag: "1" });
      const file = `\uFEFF${ruleFor(pair, "").replaceAll("\n", "\r\n")}`;
      return await sync(scene, file, (outcome) => {
        expectExit(outcome, 0);
        assert.deepEqual(pair.destination.tags("app"), ["1"]);
      });
    },
  },
  {
    ...SYNC,
    id: "sync-odd-tags",
    situation: "The list of tags has null and an empty entry. The good tags are copied.",
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene);
      const { source, destination } = pair;
      await putImage(source, "app", { tag: "1" });
      const { host } = await scene.serve((request) => {
        if (!request.url.includes("/tags/list")) return source.fetch(request);
        scene.hit();
        return Response.json({ name: "app", tags: [null, "", "1", "a b"] });
      });
      return await sync(scene, ruleFor({ ...pair, sourceHost: host }, ""), (outcome) => {
        expectExit(outcome, 0);
        assert.deepEqual(destination.tags("app"), ["1"]);
      });
    },
  },
  {
    ...SYNC,
    id: "sync-prune-unreadable-list",
    situation:
      "The second page of the source's tags fails, and the rule prunes. Nothing is deleted.",
    async start(scene): Promise<Attempt> {
      const pair = await startPair(scene);
      const { source, destination } = pair;
      for (const registry of [source, destination]) {
        for (const tag of ["1", "2"]) await putImage(registry, "app", { tag });
      }
      const { host } = await scene.serve((request) => {
        const { pathname, searchParams } = new URL(request.url);
        if (!pathname.endsWith("/tags/list")) return source.fetch(request);
        scene.hit();
        if (searchParams.has("page")) return refusal(500, "UNKNOWN");
        const link = `<${pathname}?page=2>; rel="next"`;
        return Response.json({ name: "app", tags: ["1"] }, { headers: { link } });
      });
      return await sync(scene, ruleFor({ ...pair, sourceHost: host }, "prune: {}"), (outcome) => {
        expectExit(outcome, 14);
        assert.deepEqual(destination.tags("app"), ["1", "2"]);
        assert.equal(destination.count({ method: "DELETE" }), 0);
      });
    },
  },
];
