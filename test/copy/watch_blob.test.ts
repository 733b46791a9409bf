import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { CrossdockError } from "../../src/errors.ts";
import { watchBlob } from "../../src/copy/watch_blob.ts";
import type { ChunkReader } from "../../src/streams/chunk_reader.ts";
import type { Descriptor } from "../../src/oci/descriptor.ts";

const TEXT = "abcdef";

function describe(text: string): Descriptor {
  const digest = `sha256:${createHash("sha256").update(text).digest("hex")}` as const;
  return { mediaType: "application/octet-stream", digest, size: text.length };
}

/** A response of these pieces, which ends or breaks after them. */
function respond(pieces: readonly string[], end?: Error): Response {
  const left = pieces.map((piece) => new TextEncoder().encode(piece));
  return new Response(
    new ReadableStream({
      pull(controller): void {
        const piece = left.shift();
        if (piece) controller.enqueue(piece);
        else if (end) controller.error(end);
        else controller.close();
      },
    }, { highWaterMark: 0 }),
  );
}

function watch(
  response: Response,
  options: { resume?: (offset: number) => Response; retries?: number; progress?: number[] } = {},
): ChunkReader {
  const hash = createHash("sha256");
  return watchBlob(response, {
    descriptor: describe(TEXT),
    what: "blob of a test",
    hash: {
      update: (bytes: Uint8Array): void => void hash.update(bytes),
      hex: () => Promise.resolve(hash.digest("hex")),
    },
    retries: options.retries ?? 2,
    timeoutMs: 5000,
    onBytes: (bytes) => options.progress?.push(bytes),
    resume: (offset) => {
      if (options.resume) return Promise.try(options.resume, offset);
      return Promise.reject(new Error("resume was not expected"));
    },
  });
}

async function readAll(reader: ChunkReader): Promise<{ got: string; error?: unknown }> {
  let got = "";
  try {
    for (let chunk; (chunk = await reader.read());) got += new TextDecoder().decode(chunk);
    return { got };
  } catch (error) {
    return { got, error };
  }
}

test("watchBlob() passes the blob on and reports progress", async () => {
  const progress: number[] = [];
  const { got, error } = await readAll(watch(respond(["ab", "cd", "ef"]), { progress }));
  assert.equal(error, undefined);
  assert.equal(got, TEXT);
  assert.deepEqual(progress, [2, 4, 6]);
});

test("watchBlob() says that a response which ends early is a web page", async () => {
  const page = (): Response =>
    new Response("<b>", { headers: { "content-type": "text/html; charset=utf-8" } });
  const { error } = await readAll(watch(page(), { retries: 0 }));
  assert.match(`${error}`, /ended after 3 of 6 bytes; it is a web page \(text\/html\)$/);
  const resume = (): never => {
    throw new CrossdockError("network", "the source did not send the rest");
  };
  const resumed = await readAll(watch(page(), { resume }));
  assert.match(`${resumed.error}`, /did not send the rest; it is a web page/);
});

const WRONG = [
  {
    what: "longer by a piece",
    pieces: ["ab", "cd", "ef", "g"],
    message: /more than the 6 bytes/,
  },
  { what: "longer within a piece", pieces: ["abcd", "efg"], message: /more than the 6 bytes/ },
  { what: "other bytes", pieces: ["abcd", "eX"], message: /received bytes have digest sha256:/ },
];

for (const { what, pieces, message } of WRONG) {
  test(`watchBlob() holds the last chunk back: ${what}`, async () => {
    const { got, error } = await readAll(watch(respond(pieces)));
    assert.ok(got.length < TEXT.length, got);
    assert.match((error as Error).message, message);
    assert.equal((error as { code?: string }).code, "integrity");
    assert.equal((error as { side?: string }).side, "source");
  });
}

test("watchBlob() resumes at the byte where the source ended too early or broke off", async () => {
  const offsets: number[] = [];
  const resume = (offset: number): Response => {
    offsets.push(offset);
    return offset === 2 ? respond(["cd"], new Error("broken")) : respond(["ef"]);
  };
  const { got, error } = await readAll(watch(respond(["ab"]), { resume }));
  assert.equal(error, undefined);
  assert.equal(got, TEXT);
  assert.deepEqual(offsets, [2, 4]);
});

test("watchBlob() fails after the allowed retries without progress", async () => {
  let count = 0;
  const resume = (): Response => {
    count++;
    return respond([], new Error("broken"));
  };
  const { got, error } = await readAll(watch(respond(["ab"]), { resume, retries: 3 }));
  assert.equal(got, "ab");
  assert.equal((error as { code?: string }).code, "network");
  assert.match((error as Error).message, /the response ended after 2 of 6 bytes/);
  assert.equal(count, 3);
});
