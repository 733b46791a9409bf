/** The images that the bench copies. They are made from seeds, so that every machine has the same digests, and nothing is downloaded. */
import { createCipheriv, createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request as requestHttp } from "node:http";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { pipeline, Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Descriptor } from "../src/oci/descriptor.ts";
import { digestTag } from "../src/oci/digest_tag.ts";
import { OCI_EMPTY, OCI_INDEX, OCI_MANIFEST } from "../src/oci/media_types.ts";
import { startRealRegistry } from "../test/registries/support.ts";
import type { RealRegistry } from "../test/registries/support.ts";

const KIB = 1000;
const MIB = 1024 * 1024;
const LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";
const CONFIG = "application/vnd.oci.image.config.v1+json";

/** Content of the corpus by the name of its repository. `{n}` in a name is a number. */
export type Repository =
  | "small"
  | "typical"
  | "many"
  | "multi"
  | "artifact"
  | `layer-${number}`
  | `layers-${number}`
  | `tags-${number}`
  | `tags-${number}-old`
  | `missing-${number}`;

/** A source registry with the corpus. */
export interface Corpus extends AsyncDisposable {
  readonly host: string;
  /** Puts the images of a repository, unless they are there. */
  provide(repository: Repository): Promise<void>;
}

/**
 * Starts the registry that keeps the corpus in a folder between runs. The name of the folder has a hash of this file, and folders of
 * other versions are deleted.
 */
export async function openCorpus(cache: string): Promise<Corpus> {
  const source = readFileSync(fileURLToPath(import.meta.url));
  const name = `corpus-${createHash("sha256").update(source).digest("hex").slice(0, 12)}`;
  const folder = join(cache, name);
  mkdirSync(folder, { recursive: true });
  for (const other of readdirSync(cache)) {
    if (other.startsWith("corpus-") && other !== name) {
      rmSync(join(cache, other), { recursive: true });
    }
  }
  const registry: RealRegistry = await startRealRegistry("distribution3", { storage: { folder } });
  return {
    host: registry.host,
    async provide(repository): Promise<void> {
      const mark = join(folder, `${repository}.done`);
      if (existsSync(mark)) return;
      await putRepository(registry.host, repository);
      writeFileSync(mark, "");
    },
    [Symbol.asyncDispose]: () => registry.stop(),
  };
}

/** Puts the images of a repository into any registry. */
export async function putRepository(host: string, repository: Repository): Promise<void> {
  const target = new Target(host, repository);
  const [kind = "", number = "", edition] = repository.split("-");
  const count = Number(number);
  switch (kind) {
    case "small":
      return void await target.putImage({ tag: "1", layers: repeat(3, 400 * KIB) });
    case "typical":
      return void await target.putImage({
        tag: "1",
        layers: [...repeat(7, 2 * MIB), 100 * MIB],
      });
    case "many":
      return void await target.putImage({
        tag: "1",
        layers: [...repeat(50, 50 * KIB), ...repeat(50, 400 * KIB)],
      });
    case "multi":
      return await putIndex(target);
    case "artifact":
      return await putArtifact(target);
    case "layer":
      return void await target.putImage({ tag: "1", layers: [count * MIB] });
    case "layers":
      return void await target.putImage({ tag: "1", layers: repeat(count, 20 * KIB) });
    case "tags":
      return await putFamily(target, count, edition === "old");
    case "missing":
      return await putSiblings(target, count);
  }
}

/** Six platforms, each with two layers of its own and three that all share: 7 manifests and 21 blobs. */
async function putIndex(target: Target): Promise<void> {
  const architectures = ["amd64", "arm64", "arm", "386", "ppc64le", "s390x"];
  const shared = await target.putLayers("base", repeat(3, 400 * KIB));
  const manifests = await forEach(architectures, async (architecture) => {
    const own = await target.putLayers(architecture, repeat(2, 200 * KIB));
    const image = await target.putManifest({ name: architecture, layers: [...shared, ...own] });
    return { ...image, platform: { os: "linux", architecture } };
  });
  await target.putJson("1", OCI_INDEX, { manifests });
}

/** An image, an SBOM and an attestation that refer to it, and the signature of cosign under a digest tag. */
async function putArtifact(target: Target): Promise<void> {
  const image = await target.putImage({ tag: "1", layers: repeat(3, 50 * KIB) });
  const { mediaType, digest, size } = image;
  const subject = { mediaType, digest, size };
  const types = ["application/spdx+json", "application/vnd.in-toto+json"];
  const config = await target.putBlob(OCI_EMPTY, new TextEncoder().encode("{}"));
  const manifests = await forEach(types, async (artifactType) => {
    const layers = [await target.putBlob(artifactType, noise(artifactType, 5 * KIB))];
    const content = { artifactType, config, layers, subject };
    return { ...await target.putJson(undefined, OCI_MANIFEST, content), artifactType };
  });
  // Distribution 3 has no list of referrers. Clients keep it under a tag.
  await target.putJson(digest.replace(":", "-"), OCI_INDEX, { manifests });
  await target.putImage({ tag: digestTag(digest, "sig") ?? "", layers: [KIB] });
}

/** Tags with a config and a layer each, and three layers that all share. The old edition has another image under `v7`. */
async function putFamily(target: Target, count: number, isOld: boolean): Promise<void> {
  const shared = await target.putLayers("base", repeat(3, MIB));
  await forEach(Array.from({ length: count }, (_, i) => `v${i}`), async (tag) => {
    const name = isOld && tag === "v7" ? "old" : tag;
    const own = await target.putLayers(name, [20 * KIB]);
    await target.putManifest({ tag, name, layers: [...shared, ...own] });
  });
}

/** Tags with the same blobs and different manifests. */
async function putSiblings(target: Target, count: number): Promise<void> {
  const layers = await target.putLayers("base", [50 * KIB]);
  const config = await target.putBlob(CONFIG, new TextEncoder().encode("{}"));
  await forEach(Array.from({ length: count }, (_, i) => `v${i}`), async (tag) => {
    await target.putJson(tag, OCI_MANIFEST, { config, layers, annotations: { tag } });
  });
}

/** A repository that is filled by plain HTTP, without the code that the bench measures. */
class Target {
  readonly #base: string;
  readonly #repository: string;

  constructor(host: string, repository: string) {
    this.#base = `http://${host}/v2/${repository}`;
    // Both editions of a repository have the same blobs.
    this.#repository = repository.replace("-old", "");
  }

  async putImage(image: { tag: string; layers: readonly number[] }): Promise<Descriptor> {
    const layers = await this.putLayers(image.tag, image.layers);
    return await this.putManifest({ tag: image.tag, name: image.tag, layers });
  }

  putLayers(name: string, sizes: readonly number[]): Promise<Descriptor[]> {
    return forEach(sizes, (size, i) => this.#putLayer(`${this.#repository} ${name} ${i}`, size));
  }

  async putManifest(
    image: { tag?: string; name: string; layers: readonly Descriptor[] },
  ): Promise<Descriptor> {
    const { tag, name, layers } = image;
    const content = {
      os: "linux",
      architecture: "amd64",
      config: { Labels: { name: `${this.#repository} ${name}` } },
      rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => digest) },
    };
    const config = await this.putBlob(CONFIG, new TextEncoder().encode(JSON.stringify(content)));
    return await this.putJson(tag, OCI_MANIFEST, { config, layers });
  }

  /** Puts a manifest or an index by its tag, or by its digest. */
  async putJson(
    tag: string | undefined,
    mediaType: string,
    content: object,
  ): Promise<Descriptor> {
    const bytes = new TextEncoder().encode(
      JSON.stringify({ schemaVersion: 2, mediaType, ...content }),
    );
    const descriptor = describe(mediaType, bytes.length, createHash("sha256").update(bytes));
    const url = `${this.#base}/manifests/${tag ?? descriptor.digest}`;
    await send(url, "PUT", { "content-type": mediaType, "content-length": bytes.length }, [bytes]);
    return descriptor;
  }

  async putBlob(mediaType: string, bytes: Uint8Array): Promise<Descriptor> {
    const descriptor = describe(mediaType, bytes.length, createHash("sha256").update(bytes));
    await this.#upload(descriptor, [bytes]);
    return descriptor;
  }

  /** Makes the content twice, so that a layer of any size takes little memory. */
  async #putLayer(seed: string, size: number): Promise<Descriptor> {
    const hash = createHash("sha256");
    for (const chunk of noiseChunks(seed, size)) hash.update(chunk);
    const descriptor = describe(LAYER, size, hash);
    await this.#upload(descriptor, noiseChunks(seed, size));
    return descriptor;
  }

  async #upload({ digest, size }: Descriptor, content: Iterable<Uint8Array>): Promise<void> {
    const { headers } = await send(`${this.#base}/blobs/uploads/`, "POST", {}, []);
    const url = new URL(headers.location ?? "", this.#base);
    url.searchParams.set("digest", digest);
    const type = { "content-type": "application/octet-stream", "content-length": size };
    await send(url.href, "PUT", type, content);
  }
}

function describe(
  mediaType: string,
  size: number,
  hash: ReturnType<typeof createHash>,
): Descriptor {
  return { mediaType, digest: `sha256:${hash.digest("hex")}`, size } as Descriptor;
}

/** Sends a request with `node:http`, because `fetch` of Deno does not send the length of a stream. */
async function send(
  url: string,
  method: string,
  headers: Readonly<Record<string, string | number>>,
  content: Iterable<Uint8Array>,
): Promise<IncomingMessage> {
  const request = requestHttp(url, { method, headers });
  const answered = once(request, "response") as Promise<[IncomingMessage]>;
  pipeline(Readable.from(content, { objectMode: true }), request, () => {});
  const [response] = await answered;
  response.resume();
  const status = response.statusCode ?? 0;
  if (status !== 201 && status !== 202) throw new Error(`${method} ${url}: ${status}`);
  return response;
}

const CHUNK_BYTES = 256 * 1024;

/**
 * Bytes that cannot be compressed: the key stream of AES, with a key from the seed. Each chunk begins with its number, so that no two
 * of them are the same.
 */
function* noiseChunks(seed: string, size: number): Generator<Uint8Array> {
  const key = createHash("sha256").update(seed).digest().subarray(0, 16);
  const zeros = new Uint8Array(Math.min(size, CHUNK_BYTES));
  const stream = createCipheriv("aes-128-ctr", key, new Uint8Array(16)).update(zeros);
  for (let index = 0, left = size; left > 0; index++, left -= CHUNK_BYTES) {
    const chunk = new Uint8Array(stream);
    if (index > 0) new DataView(chunk.buffer).setUint32(0, index);
    yield chunk.subarray(0, left);
  }
}

function noise(seed: string, size: number): Uint8Array {
  const [bytes = new Uint8Array()] = noiseChunks(seed, size);
  return bytes;
}

function repeat(count: number, size: number): number[] {
  return Array.from({ length: count }, () => size);
}

const PARALLEL = 16;

/** Calls the function for all items, for a few of them at once, and returns the results in the order of the items. */
async function forEach<T, R>(
  items: readonly T[],
  handle: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      results[index] = await handle(items[index]!, index);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  return results;
}
