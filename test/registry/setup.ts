import type { CredentialSources } from "../../src/auth/credentials.ts";
import { noCredentials } from "../../src/auth/credentials.ts";
import { createRuntime } from "../../src/hosts/detect.ts";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { RegistryClient } from "../../src/registry/client.ts";
import type { CreateRepository } from "../../src/registry/request.ts";
import { Repository } from "../../src/registry/repository.ts";
import type { Runtime } from "../../src/runtime.ts";
import { CrossdockError } from "../../src/errors.ts";
import type { BlobStart, BlobUpload } from "../../src/content.ts";
import { digestOf } from "../support/registry_store.ts";

/** A client of one registry that records its waits and does not wait. */
export interface Side {
  readonly client: RegistryClient;
  /** The recorded waits in milliseconds. */
  readonly delays: number[];
  pull(repository: string): Repository;
  push(repository: string): Repository;
}

export interface SideOptions {
  credentials?: CredentialSources;
  /** Default: 3. */
  retries?: number;
  /** Default: 5000. */
  timeoutMs?: number;
  /** Default: true. */
  isPlain?: boolean;
  createRepository?: CreateRepository;
  /** Replaces parts of the host's runtime. */
  runtime?: Partial<Runtime>;
}

/** `random` returns 0 unless `runtime` replaces it, so each wait is half of its maximum. */
export async function openSide(host: string, options: SideOptions = {}): Promise<Side> {
  const delays: number[] = [];
  const runtime: Runtime = {
    ...await createRuntime(),
    random: () => 0,
    sleep(ms, signal): Promise<void> {
      signal?.throwIfAborted();
      delays.push(ms);
      return Promise.resolve();
    },
    ...options.runtime,
  };
  const client = new RegistryClient({
    runtime,
    registry: host,
    side: "source",
    isPlain: options.isPlain ?? true,
    credentials: options.credentials ?? noCredentials,
    retries: options.retries ?? 3,
    timeoutMs: options.timeoutMs ?? 5000,
    createRepository: options.createRepository,
  });
  return {
    client,
    delays,
    pull: (repository) => new Repository(client, repository, "pull"),
    push: (repository) => new Repository(client, repository, "push"),
  };
}

/** The CrossdockError that a promise rejects with. */
export async function failureOf(promise: Promise<unknown>): Promise<CrossdockError> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    if (error instanceof CrossdockError) return error;
    throw error;
  }
  throw new Error(`resolved with ${JSON.stringify(value)}, an error was wanted`);
}

export function describe(
  bytes: Uint8Array,
  mediaType = "application/octet-stream",
): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.byteLength };
}

export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

export function requireUpload(start: BlobStart): BlobUpload {
  if (start.state === "open") return start.upload;
  throw new Error(`the blob is ${start.state}, an upload was wanted`);
}
