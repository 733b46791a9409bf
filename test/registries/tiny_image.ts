import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { authorizationFor, type RealRegistry } from "./support.ts";

/**
 * Puts an OCI image of one layer into a registry by three plain HTTP uploads, without our own client.
 * Returns the digest of its manifest.
 *
 * `host` is the proxy to send it to. Default: the registry.
 */
export async function putTinyImage(
  registry: RealRegistry,
  name: string,
  host: string = registry.host,
): Promise<string> {
  const [repository = "", tag = ""] = name.split(":");
  const base = `http://${host}/v2/${repository}`;
  const headers = await authorizationFor(registry, `repository:${repository}:pull,push`);

  const tar = new Uint8Array(1024); // the end of a tar archive, and nothing before it
  const layer = new Uint8Array(gzipSync(tar));
  const config = toJsonBytes({
    architecture: "amd64",
    os: "linux",
    config: { Labels: { name } },
    rootfs: { type: "layers", diff_ids: [digestOf(tar)] },
  });
  for (const blob of [layer, config]) await putBlob(base, blob, headers);

  const manifest = toJsonBytes({
    schemaVersion: 2,
    mediaType: manifestType,
    config: describe("application/vnd.oci.image.config.v1+json", config),
    layers: [describe("application/vnd.oci.image.layer.v1.tar+gzip", layer)],
  });
  await send(`${base}/manifests/${tag}`, {
    method: "PUT",
    headers: { ...headers, "content-type": manifestType },
    body: manifest,
  });
  return digestOf(manifest);
}

const manifestType = "application/vnd.oci.image.manifest.v1+json";

async function putBlob(
  base: string,
  blob: Uint8Array<ArrayBuffer>,
  headers: Record<string, string>,
): Promise<void> {
  const opened = await send(`${base}/blobs/uploads/`, { method: "POST", headers });
  const location = new URL(opened.headers.get("location") ?? "", base);
  location.searchParams.set("digest", digestOf(blob));
  await send(location, {
    method: "PUT",
    headers: { ...headers, "content-type": "application/octet-stream" },
    body: blob,
  });
}

async function send(url: string | URL, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  const text = await response.text();
  if (!response.ok) throw new Error(`${init.method} ${url}: ${response.status} ${text}`);
  return response;
}

function toJsonBytes(value: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(value));
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function describe(mediaType: string, bytes: Uint8Array): Record<string, unknown> {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}
