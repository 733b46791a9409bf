/** Peers that go silent. With a timeout of 8 s none may hold a copy for more than 30 s, all retries included. */
import assert from "node:assert/strict";
import { putImage } from "../../support/image.ts";
import type { FaultAction, FaultRule, RegistryOptions } from "../../support/registry.ts";
import { fails, MIB, startPair } from "../attempts.ts";
import type { Attempt, FaultCase } from "../fault_case.ts";

const TIMEOUT_MS = 8000;
const MOST_SECONDS = 30;

interface Silence {
  readonly id: string;
  readonly situation: string;
  readonly side: "source" | "destination";
  readonly rule: Omit<FaultRule, "action">;
  readonly action?: FaultAction;
  readonly layerBytes?: number;
  readonly auth?: NonNullable<RegistryOptions["auth"]>;
  readonly on?: FaultCase["on"];
}

const OPEN = { type: "bearer", users: {}, anonymousPull: true } as const;
const BLOBS = { method: "GET", path: "/blobs/" };
const UPLOADS = "/blobs/uploads/";

const SILENCES: readonly Silence[] = [
  {
    id: "manifest",
    situation: "The source never answers a request for the manifest.",
    side: "source",
    rule: { path: "/manifests/" },
  },
  {
    id: "blob-headers",
    situation: "The source never answers a request for a blob.",
    side: "source",
    rule: BLOBS,
  },
  {
    id: "small-body",
    situation: "The source goes silent within a blob of 1000 bytes.",
    side: "source",
    rule: BLOBS,
    action: { hangAfterBytes: 500 },
    layerBytes: 1000,
  },
  {
    id: "medium-body",
    situation: "The source goes silent within a layer of 4 MiB.",
    side: "source",
    rule: BLOBS,
    action: { hangAfterBytes: 500 },
    layerBytes: 4 * MIB,
  },
  {
    id: "large-body",
    situation: "The source goes silent within a layer of 9 MiB.",
    side: "source",
    rule: BLOBS,
    action: { hangAfterBytes: 500 },
    // workerd passes such a layer on untouched. Only its whole duration has a limit.
    on: ["deno"],
  },
  {
    id: "token-server",
    situation: "The source's token server never answers.",
    side: "source",
    rule: { path: "/token" },
    auth: OPEN,
  },
  {
    id: "upload-start",
    situation: "The destination never answers the start of an upload.",
    side: "destination",
    rule: { method: "POST", path: UPLOADS },
  },
  {
    id: "upload-answer",
    situation: "The destination never answers a finished upload.",
    side: "destination",
    rule: { method: "PUT", path: UPLOADS },
  },
  {
    id: "manifest-answer",
    situation: "The destination never answers the PUT of the manifest.",
    side: "destination",
    rule: { method: "PUT", path: "/manifests/" },
  },
];

const required = SILENCES.map((
  { id, situation, side, rule, action = { hang: true }, layerBytes = 9 * MIB, auth, on },
): FaultCase => ({
  id: `silent-${id}`,
  situation,
  ...(on ? { on } : {}),
  async start(scene): Promise<Attempt> {
    const pair = await startPair(scene, auth && { source: { auth } });
    await putImage(pair.source, "app", { tag: "1", layers: 1, layerBytes });
    scene.fail(pair[side], { ...rule, action });
    return fails(pair, { codes: [9] }, {
      timeoutMs: TIMEOUT_MS,
      also: ({ seconds }) => assert.ok(seconds < MOST_SECONDS, `${seconds.toFixed(1)} s`),
    });
  },
}));

/** Questions without which an image can be copied. A tool may go on or fail, but soon. */
const optional = ([
  [
    "tag-check",
    "The destination never answers whether it has the tag.",
    "destination",
    "/manifests/",
  ],
  ["referrers", "The source never answers the referrers API.", "source", "/referrers/"],
  ["tag-list", "The source never answers the list of tags.", "source", "/tags/list"],
] as const).map(([id, situation, side, path]): FaultCase => ({
  id: `silent-${id}`,
  situation,
  needs: id === "tag-check" ? [] : ["referrers", "digestTags"],
  async start(scene): Promise<Attempt> {
    const pair = await startPair(scene);
    await putImage(pair.source, "app", { tag: "1" });
    for (const method of ["HEAD", "GET"]) {
      scene.fail(pair[side], { method, path, action: { hang: true } });
    }
    return {
      source: `${pair.source.host}/app:1`,
      destination: `${pair.destination.host}/app:1`,
      timeoutMs: TIMEOUT_MS,
      check({ exitCode, output, seconds, isCrossdock }): void {
        if (isCrossdock && exitCode !== 0) assert.equal(exitCode, 9, output);
        assert.ok(seconds < MOST_SECONDS, `${seconds.toFixed(1)} s`);
      },
    };
  },
}));

export const cases: readonly FaultCase[] = [...required, ...optional];
