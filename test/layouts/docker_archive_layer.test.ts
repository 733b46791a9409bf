import assert from "node:assert/strict";
import { test } from "node:test";
import { gunzipSync, gzipSync, zstdCompressSync } from "node:zlib";
import {
  compressChunks,
  decompressChunks,
  peekCompression,
} from "../../src/layouts/docker_archive_layer.ts";
import type { ChunkReader } from "../../src/streams/chunk_reader.ts";
import { randomBytes } from "../support/generated_bytes.ts";
import { chunksOf, readAll } from "./setup.ts";

/** A reader of chunks of `size` bytes, all in the same memory. */
function inChunksOf(bytes: Uint8Array, size: number): ChunkReader {
  const memory = new Uint8Array(size);
  let position = 0;
  return {
    read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
      const chunk = bytes.subarray(position, position + size);
      position += chunk.byteLength;
      if (chunk.byteLength === 0) return Promise.resolve(undefined);
      memory.set(chunk);
      return Promise.resolve(memory.subarray(0, chunk.byteLength));
    },
    cancel: () => Promise.resolve(),
  };
}

test("peekCompression() and decompressChunks() read content in chunks of any size", async () => {
  const text = "some content ".repeat(500);
  const plain = new TextEncoder().encode(text);
  const contents = { gzip: gzipSync(plain), zstd: zstdCompressSync(plain), none: plain };
  for (const [expected, bytes] of Object.entries(contents)) {
    for (const size of [1, 2, 3, 4, 5, 1000]) {
      const { compression, chunks } = await peekCompression(inChunksOf(bytes, size));
      assert.equal(compression, expected);
      assert.equal(await readAll(decompressChunks(chunks, compression, "read it")), text);
    }
  }
});

test("compressChunks() and decompressChunks() keep content that fills many buffers", async () => {
  const plain = randomBytes(3_000_000, 1);
  const chunks = await Array.fromAsync(copies(compressChunks(inChunksOf(plain, 100_000))));
  const compressed = await new Blob(chunks).bytes();
  assert.deepEqual(new Uint8Array(gunzipSync(compressed)), plain);
  for (const [kind, bytes] of [["gzip", compressed], ["zstd", zstdCompressSync(plain)]] as const) {
    const reader = decompressChunks(inChunksOf(bytes, 100_000), kind, "read it");
    const parts = await Array.fromAsync(copies(reader));
    assert.deepEqual(await new Blob(parts).bytes(), plain, kind);
  }
});

/** The chunks of a reader in memory of their own. */
async function* copies(reader: ChunkReader): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let chunk = await reader.read(); chunk; chunk = await reader.read()) {
    yield new Uint8Array(chunk);
  }
}

test("peekCompression() reads content that is shorter than a magic number", async () => {
  for (const text of ["", "{}"]) {
    const bytes = new TextEncoder().encode(text);
    const { compression, chunks } = await peekCompression(inChunksOf(bytes, 1));
    assert.equal(compression, "none");
    assert.equal(await readAll(chunks), text);
  }
});

test("decompressChunks() rejects damaged and truncated content", async () => {
  const plain = new TextEncoder().encode(crypto.randomUUID().repeat(50));
  const [gzip, zstd] = [gzipSync(plain), zstdCompressSync(plain)];
  const damage = (bytes: Uint8Array): Uint8Array => bytes.map((byte, i) => i > 12 ? ~byte : byte);
  const cases: ["gzip" | "zstd", Uint8Array][] = [
    ["gzip", gzip.subarray(0, -5)],
    ["gzip", damage(gzip)],
    ["zstd", damage(zstd)],
  ];
  for (const [compression, bytes] of cases) {
    const reader = decompressChunks(inChunksOf(bytes, 100), compression, "read it");
    const message = `read it: the ${compression} data is damaged or truncated`;
    await assert.rejects(readAll(reader), { code: "integrity", message });
  }
});

test("decompressChunks() passes on the errors of the source", async () => {
  const bytes = gzipSync("some content");
  const reader = decompressChunks(chunksOf(new Error("reset")), "gzip", "read it");
  await assert.rejects(readAll(reader), { message: "reset" });
  const start = inChunksOf(bytes, 5);
  let reads = 0;
  const broken: ChunkReader = {
    ...start,
    read: () => reads++ < 2 ? start.read() : Promise.reject(new Error("reset")),
  };
  await assert.rejects(readAll(decompressChunks(broken, "gzip", "read it")), { message: "reset" });
});
