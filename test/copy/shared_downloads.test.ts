import assert from "node:assert/strict";
import { test } from "node:test";
import { DownloadGroup, DownloadMember } from "../../src/copy/shared_downloads.ts";
import type { Digest } from "../../src/oci/digest.ts";

const BLOB = {
  mediaType: "application/octet-stream",
  digest: `sha256:${"a".repeat(64)}` as Digest,
  size: 3,
};
const OTHER = { ...BLOB, digest: `sha256:${"b".repeat(64)}` as Digest };

/** Members of a group that may need both blobs, and a source that counts its answers. */
function setUp(count: number, group: DownloadGroup = new DownloadGroup()): {
  members: DownloadMember[];
  open: (descriptor: typeof BLOB, member: DownloadMember | undefined) => Promise<string>;
  opened: () => number;
} {
  let opened = 0;
  const members = Array.from({ length: count }, () => new DownloadMember(group));
  members.forEach((member) => member.join());
  members.forEach((member) => member.expect([BLOB.digest, OTHER.digest]));
  return {
    members,
    async open(descriptor, member): Promise<string> {
      const source = (): Promise<Response> => {
        opened++;
        return Promise.resolve(new Response("abc", { headers: { "content-length": "3" } }));
      };
      const response = await member?.openBlob(descriptor, source, {});
      assert.equal(response?.headers.get("content-length"), "3");
      return await response?.text() ?? "";
    },
    opened: () => opened,
  };
}

test("DownloadMember.openBlob() opens a blob once for all copies that need it", async () => {
  const { members, open, opened } = setUp(3);
  const texts = await Promise.all(members.map((member) => open(BLOB, member)));
  assert.deepEqual([texts, opened()], [["abc", "abc", "abc"], 1]);
});

test("DownloadMember.openBlob() waits for no copy that has the blob, has ended, or does not need it", async () => {
  const { members: [one, two, three, four], open, opened } = setUp(4);
  const texts = [open(BLOB, one), open(BLOB, two)];
  three?.settle(BLOB.digest);
  await Promise.resolve();
  assert.equal(opened(), 0);
  four?.leave();
  assert.deepEqual([await Promise.all(texts), opened()], [["abc", "abc"], 1]);
  const { members: [first, second], ...rest } = setUp(2);
  second?.expect([OTHER.digest]);
  assert.equal(await rest.open(BLOB, first), "abc");
});

test("DownloadMember.openBlob() waits for a copy that has no plan yet", async () => {
  const { members: [one, two], open, opened } = setUp(2);
  two?.join();
  const text = open(BLOB, one);
  await Promise.resolve();
  assert.equal(opened(), 0);
  two?.expect([]);
  assert.equal(await text, "abc");
});

test("DownloadMember.openBlob() stops waiting for a copy that says nothing", async () => {
  const { members: [one, two], open, opened } = setUp(2, new DownloadGroup(1));
  assert.equal(await open(BLOB, one), "abc");
  assert.equal(await open(OTHER, one), "abc");
  assert.equal(await open(BLOB, two), "abc");
  assert.equal(opened(), 3);
});

test("DownloadMember.openBlob() opens a blob again for a copy alone", async () => {
  const { members, open, opened } = setUp(2);
  await Promise.all(members.map((member) => open(BLOB, member)));
  assert.equal(await open(BLOB, members[0]), "abc");
  assert.equal(opened(), 2);
});

test("DownloadMember.openBlob() of an aborted copy does not stop the others", async () => {
  const { members: [one, two], open, opened } = setUp(2);
  const controller = new AbortController();
  const aborted = one?.openBlob(BLOB, () => Promise.reject(new Error("not opened")), {
    signal: controller.signal,
  });
  controller.abort(new Error("stopped"));
  await assert.rejects(aborted ?? Promise.resolve(), /stopped/);
  assert.deepEqual([await open(BLOB, two), opened()], ["abc", 1]);
});

test("DownloadMember.openBlob() gives an error of the source to all copies", async () => {
  const { members } = setUp(2);
  const fail = (): Promise<Response> => Promise.reject(new Error("not found"));
  const results = await Promise.allSettled(members.map((it) => it.openBlob(BLOB, fail, {})));
  assert.deepEqual(results.map(({ status }) => status), ["rejected", "rejected"]);
});

test("DownloadMember.openBlob() reads at most one chunk beyond a copy that stalls", async () => {
  const { members } = setUp(3);
  const chunk = new Uint8Array(1024 * 1024);
  let sent = 0;
  const body = new ReadableStream({
    pull(controller): void {
      sent += chunk.byteLength;
      if (sent <= 2 ** 30) controller.enqueue(chunk.slice());
      else controller.close();
    },
  }, { highWaterMark: 0 });
  const source = (): Promise<Response> => Promise.resolve(new Response(body));
  const responses = await Promise.all(members.map((member) => member.openBlob(BLOB, source, {})));
  const [fast, other, stalling] = responses.map((response) => response.body?.getReader());
  await Promise.all([fast?.read(), other?.read(), stalling?.read()]);
  const next = Promise.all([fast?.read(), other?.read()]);
  // Each turn of the event loop would read a chunk if the copies did not wait.
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve));
  assert.ok(sent <= 2 * chunk.byteLength, `${sent} bytes`);
  // The others continue without it.
  await stalling?.cancel();
  await next;
  assert.ok(sent <= 4 * chunk.byteLength, `${sent} bytes`);
  await Promise.all([fast?.cancel(), other?.cancel()]);
});
