import { test } from "node:test";
import type { TestContext } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { packTar } from "modern-tar";
import { createEngine } from "../../src/engine.ts";
import type { CopyRequestInput } from "../../src/copy/request.ts";
import { createRuntime } from "../../src/hosts/detect.ts";
import { openLayouts } from "../../src/layouts/mod.ts";
import type { LayoutsOptions } from "../../src/layouts/mod.ts";
import { OCI_MANIFEST } from "../../src/oci/media_types.ts";
import { startRegistry } from "../support/registry.ts";
import type { RunningRegistry } from "../support/registry.ts";
import { createTempFolder } from "../registries/run_program.ts";
import { digestOf } from "./judges.ts";

export interface Bench {
  readonly registry: RunningRegistry;
  /** The host of the registry. */
  readonly host: string;
  readonly folder: string;
}

/** A test with a registry and a folder. */
export function testWith(name: string, run: (bench: Bench, t: TestContext) => Promise<void>): void {
  test(name, async (t) => {
    await using registry = await startRegistry();
    await using folder = await createTempFolder("layouts");
    await run({ registry, host: registry.host, folder: folder.path }, t);
  });
}

type CopyOptions = Omit<CopyRequestInput, "source" | "destination">;

/** Copies with crossdock. Returns the digest of the manifest. */
export async function copy(
  source: string,
  destination: string,
  options: CopyOptions & { readonly layouts?: LayoutsOptions } = {},
): Promise<string> {
  const { layouts: layoutOptions, ...request } = options;
  await using layouts = openLayouts(layoutOptions);
  const engine = createEngine({ runtime: await createRuntime(), layouts });
  const report = await engine.copy({ source, destination, ...request });
  return report.digest;
}

export interface SeedOptions {
  /** Default: 2. */
  readonly layers?: number;
  /** Default: gzip. `mixed` has layers of all kinds. */
  readonly compression?: "gzip" | "zstd" | "mixed";
  /** Default: amd64. */
  readonly architecture?: "amd64" | "arm64";
}

export interface SeededImage {
  readonly digest: string;
  readonly config: string;
  readonly layers: readonly string[];
  readonly diffIds: readonly string[];
}

const KINDS = ["gzip", "zstd", "none"] as const;
const SUFFIX = { gzip: "+gzip", zstd: "+zstd", none: "" };

/** Puts an image for Linux whose layers are real tar archives. */
export async function seedImage(
  { registry }: Bench,
  name: string,
  { layers: count = 2, compression = "gzip", architecture = "amd64" }: SeedOptions = {},
): Promise<SeededImage> {
  const [repository = "", tag = ""] = name.split(":");
  const layers: unknown[] = [];
  const diffIds: string[] = [];
  for (let i = 0; i < count; i++) {
    const text = `layer ${i} of ${name}`;
    const plain = await packTar([{
      header: { name: `file${i}`, size: text.length, mtime: new Date(0), mode: 0o644 },
      body: text,
    }]);
    const kind = compression === "mixed" ? KINDS[i % KINDS.length] ?? "none" : compression;
    const packed = { gzip: gzipSync, zstd: zstdCompressSync, none: (bytes: Uint8Array) => bytes };
    const blob = await registry.putBlob(repository, new Uint8Array(packed[kind](plain)));
    layers.push({ mediaType: `application/vnd.oci.image.layer.v1.tar${SUFFIX[kind]}`, ...blob });
    diffIds.push(digestOf(plain));
  }
  const config = await registry.putBlob(
    repository,
    new TextEncoder().encode(JSON.stringify({
      architecture,
      os: "linux",
      config: { Cmd: ["/app"] },
      rootfs: { type: "layers", diff_ids: diffIds },
      history: diffIds.map(() => ({ created_by: "test" })),
    })),
  );
  const mediaType = "application/vnd.oci.image.config.v1+json";
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: { mediaType, ...config },
    layers,
  };
  const { digest } = await registry.putManifest(repository, manifest, OCI_MANIFEST, [tag]);
  return {
    digest,
    config: config.digest,
    layers: layers.map((layer) => (layer as { digest: string }).digest),
    diffIds,
  };
}

export interface FetchedManifest {
  readonly mediaType: string;
  readonly config: { readonly digest: string; readonly mediaType: string };
  readonly layers: readonly { readonly digest: string; readonly mediaType: string }[];
}

/** The manifest of an image in the registry. */
export async function fetchManifest({ host }: Bench, name: string): Promise<FetchedManifest> {
  const [repository, tag] = name.split(":");
  const response = await fetch(`http://${host}/v2/${repository}/manifests/${tag}`, {
    headers: { accept: `${OCI_MANIFEST}, application/vnd.docker.distribution.manifest.v2+json` },
  });
  if (!response.ok) throw new Error(`${name}: ${response.status}`);
  return await response.json();
}
