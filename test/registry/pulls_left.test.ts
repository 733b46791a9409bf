import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePullsLeft } from "../../src/registry/pulls_left.ts";
import type { PullsLeft } from "../../src/registry/pulls_left.ts";
import { putImage } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";
import { openSide } from "./setup.ts";

const AT = 1_000;

test("parsePullsLeft() reads the headers of Docker Hub", () => {
  const rows: [limit: string | null, remaining: string | null, left: PullsLeft | undefined][] = [
    ["100;w=21600", "76;w=21600", { remaining: 76, limit: 100, windowSeconds: 21_600, at: AT }],
    ["200;w=21600", "0;w=21600", { remaining: 0, limit: 200, windowSeconds: 21_600, at: AT }],
    [null, "76", { remaining: 76, at: AT }],
    ["100; w=60", "76", { remaining: 76, limit: 100, windowSeconds: 60, at: AT }],
    ["100;w=21600", null, undefined],
    [null, null, undefined],
    ["100;w=21600", "", undefined],
    ["100;w=21600", "-1;w=21600", undefined],
    ["100;w=21600", "many", undefined],
    ["many", "76;w=21600", { remaining: 76, windowSeconds: 21_600, at: AT }],
  ];
  for (const [limit, remaining, left] of rows) {
    const headers = new Headers();
    if (limit !== null) headers.set("ratelimit-limit", limit);
    if (remaining !== null) headers.set("ratelimit-remaining", remaining);
    assert.deepEqual(parsePullsLeft(headers, AT), left, `${limit} ${remaining}`);
  }
});

test("Repository.pulls has the count of the last manifest, and none if that has none", async () => {
  await using registry = await startRegistry();
  await putImage(registry, "app", { tag: "1" });
  const { pull } = await openSide(registry.host, { runtime: { now: () => AT } });
  const repository = pull("app");
  for (const left of [9, 8]) {
    registry.fail({
      path: "/manifests/",
      action: {
        tamper: (response) => {
          response.headers.set("ratelimit-remaining", `${left};w=60`);
          return response;
        },
      },
    });
  }
  await repository.resolveManifest("1");
  assert.deepEqual(repository.pulls, { remaining: 9, windowSeconds: 60, at: AT });
  await repository.fetchManifest("1");
  assert.equal(repository.pulls?.remaining, 8);
  await repository.resolveManifest("none");
  assert.equal(repository.pulls?.remaining, 8);
  await repository.resolveManifest("1");
  assert.equal(repository.pulls, undefined);
});
