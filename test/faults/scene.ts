/** The registries and servers of one case, and checks of what is in the registries afterwards. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRegistry, serveRegistry } from "../support/registry.ts";
import type { EmbeddedRegistry, FaultRule, RunningRegistry } from "../support/registry.ts";
import type { RegistryOptions } from "../support/registry.ts";
import { serve } from "../support/serve.ts";
import type { Handler, Server } from "../support/serve.ts";

export class Scene implements AsyncDisposable {
  readonly #resources = new AsyncDisposableStack();
  readonly #registries: RunningRegistry[] = [];
  readonly #faults: { readonly hits: number }[] = [];
  /** How often {@linkcode hit} was called. */
  #hits = 0;

  #firstRequestAt: number | undefined;

  /** When a registry received the first request. The start of a program before that takes longer on a busy machine. */
  get firstRequestAt(): number | undefined {
    return this.#firstRequestAt;
  }

  /** A folder for the files of this case. */
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(): Promise<Scene> {
    const scene = new Scene(await mkdtemp(join(tmpdir(), "crossdock-fault-")));
    scene.#resources.defer(() => rm(scene.folder, { recursive: true, force: true }));
    return scene;
  }

  async registry(options: RegistryOptions = {}): Promise<RunningRegistry> {
    const registry = createRegistry(options);
    const running = await serveRegistry(registry, {}, (request) => {
      this.#firstRequestAt ??= performance.now();
      return registry.fetch(request);
    });
    this.#registries.push(this.#resources.use(running));
    return running;
  }

  async serve(handler: Handler): Promise<Server> {
    return this.#resources.use(await serve(handler));
  }

  use<T extends AsyncDisposable>(resource: T): T {
    return this.#resources.use(resource);
  }

  /** Makes all matching requests fail, or the first `times` of them. */
  fail(registry: RunningRegistry, rule: FaultRule): void {
    this.#faults.push(registry.fail({ times: 9999, ...rule, optional: true }));
  }

  /** Records that a scripted server misbehaved. */
  hit(): void {
    this.#hits++;
  }

  /** Whether the case injects faults, and no request has met one of them. */
  get isUntouched(): boolean {
    return this.#faults.length > 0 && this.#hits === 0 &&
      this.#faults.every(({ hits }) => hits === 0);
  }

  async writeFile(name: string, content: string | Uint8Array): Promise<string> {
    const path = join(this.folder, name);
    await writeFile(path, content);
    return path;
  }

  /** Rejects if a repository that was written to has a tag whose content is incomplete. */
  async checkTags(): Promise<void> {
    for (const registry of this.#registries) {
      for (const repository of writtenRepositories(registry)) {
        for (const tag of registry.tags(repository)) await checkTree(registry, repository, tag);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}

function writtenRepositories(registry: RunningRegistry): Set<string> {
  const names = registry.requests
    .filter(({ method }) => method === "PUT" || method === "POST")
    .map(({ path }) => /^\/v2\/(.+)\/(?:blobs|manifests)\//.exec(path)?.[1]);
  return new Set(names.filter((name) => name !== undefined));
}

interface ManifestJson {
  readonly config?: { readonly digest: string };
  readonly layers?: readonly { readonly digest: string }[];
  readonly manifests?: readonly { readonly digest: string }[];
}

/** Rejects unless the manifest and everything below it is there with the right bytes. */
async function checkTree(
  registry: EmbeddedRegistry,
  repository: string,
  tagOrDigest: string,
): Promise<void> {
  const manifest = registry.getManifest(repository, tagOrDigest);
  assert.ok(manifest, `${repository} has no manifest ${tagOrDigest}`);
  const json: ManifestJson = JSON.parse(new TextDecoder().decode(manifest.bytes));
  for (const { digest } of json.manifests ?? []) {
    if (registry.hasBlob(repository, digest)) await checkBlob(registry, repository, digest);
    else await checkTree(registry, repository, digest);
  }
  for (const blob of [json.config, ...json.layers ?? []]) {
    if (blob) await checkBlob(registry, repository, blob.digest);
  }
}

async function checkBlob(
  registry: EmbeddedRegistry,
  repository: string,
  digest: string,
): Promise<void> {
  const bytes = await registry.getBlob(repository, digest);
  assert.ok(bytes, `${repository} has no blob ${digest}`);
  const actual = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  assert.equal(actual, digest, `${repository} has wrong bytes for a blob`);
}
