import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { digestBytes } from "../../src/oci/digest.ts";
import type { ChunkReader } from "../../src/streams/chunk_reader.ts";

/** An empty folder, removed after the test. */
export async function makeFolder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "crossdock-"));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** The descriptor of a text. */
export async function describe(
  text: string,
  mediaType = "application/vnd.oci.image.config.v1+json",
): Promise<Descriptor> {
  const bytes = bytesOf(text);
  return { mediaType, digest: await digestBytes(bytes), size: bytes.byteLength };
}

export function textOf(bytes: Uint8Array | undefined): string {
  return new TextDecoder().decode(bytes);
}

/** A reader of these chunks. An error in place of a chunk is thrown. */
export function chunksOf(...chunks: readonly (string | Error)[]): ChunkReader {
  const rest = [...chunks];
  return {
    read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
      const next = rest.shift();
      if (next instanceof Error) return Promise.reject(next);
      return Promise.resolve(next === undefined ? undefined : bytesOf(next));
    },
    cancel: () => Promise.resolve(),
  };
}

/** All chunks of a reader as one text. */
export async function readAll(reader: ChunkReader): Promise<string> {
  let text = "";
  for (let chunk = await reader.read(); chunk; chunk = await reader.read()) text += textOf(chunk);
  return text;
}
