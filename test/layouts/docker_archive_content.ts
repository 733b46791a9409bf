/** Content of docker archives, and what an image in one is. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { packTar } from "modern-tar";
import type { TarEntry } from "modern-tar";
import type { LayoutSource } from "../../src/layouts/layout_content.ts";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import type { Digest } from "../../src/oci/digest.ts";
import { parseManifest } from "../../src/oci/manifest.ts";

export type Bytes = Uint8Array<ArrayBuffer>;

export const LAYER = "application/vnd.oci.image.layer.v1.tar";
export const CONFIG = "application/vnd.oci.image.config.v1+json";

export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

export function hexOf(bytes: Uint8Array): string {
  return digestOf(bytes).slice("sha256:".length);
}

export function jsonOf(value: unknown): Bytes {
  return new TextEncoder().encode(JSON.stringify(value));
}

export function descriptorOf(mediaType: string, bytes: Uint8Array): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.byteLength };
}

/** A layer with one file. */
export async function makeLayer(text: string): Promise<Bytes> {
  const header = { name: "file", size: text.length, mtime: new Date(0) };
  return await packTar([{ header, body: text }]);
}

export function makeConfig(layers: readonly Uint8Array[]): Bytes {
  const rootfs = { type: "layers", diff_ids: layers.map(digestOf) };
  return jsonOf({ architecture: "amd64", os: "linux", rootfs });
}

export function file(name: string, body: Uint8Array): TarEntry {
  return { header: { name, size: body.byteLength }, body };
}

export async function readImage(source: LayoutSource, tag = "latest"): Promise<{
  readonly mediaType: string;
  readonly digest: Digest;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}> {
  const content = await source.fetchManifest(tag);
  assert.ok(content);
  assert.equal(content.digest, digestOf(content.bytes));
  const manifest = parseManifest(content.bytes, content.mediaType);
  assert.ok(manifest.kind === "image");
  return { ...manifest, digest: content.digest };
}
