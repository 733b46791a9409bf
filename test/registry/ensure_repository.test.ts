import assert from "node:assert/strict";
import { test } from "node:test";
import { CrossdockError, NetworkError } from "../../src/errors.ts";
import { quirksOf } from "../../src/registry/quirks.ts";
import type { CreateRepository } from "../../src/registry/request.ts";
import { randomBytes } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";
import type { RegistryOptions, RunningRegistry } from "../support/registry.ts";
import { describe, failureOf, openSide, requireUpload } from "./setup.ts";

const BYTES = randomBytes(1000, 1);
const BLOB = describe(BYTES);
const ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";

/** Both answers to a mount from the repository itself. */
const KINDS: [name: string, options: RegistryOptions][] = [
  ["a registry that mounts from itself", { createsRepositories: false }],
  ["one that does not", {
    createsRepositories: false,
    selfMount: false,
    distributionLike: false,
  }],
];

/** Creates in the embedded registry, after a moment, and counts. */
function creator(registry: RunningRegistry): CreateRepository & { calls: number } {
  const create = async (
    { registry: host, repository }: { registry: string; repository: string },
  ) => {
    assert.equal(host, registry.host);
    create.calls++;
    await new Promise((resolve) => setTimeout(resolve, 10));
    registry.createRepository(repository);
    return true;
  };
  create.calls = 0;
  return create;
}

for (const [name, options] of KINDS) {
  test(`Repository.beginBlob() creates an absent repository: ${name}`, async () => {
    await using registry = await startRegistry(options);
    const createRepository = creator(registry);
    const repository = (await openSide(registry.host, { createRepository })).push("a/b");
    await requireUpload(await repository.beginBlob(BLOB)).put(BYTES);
    assert.ok(registry.hasBlob("a/b", BLOB.digest));
    assert.equal(createRepository.calls, 1);
  });

  test(`Repository.beginBlob() creates it once, however many blobs wait: ${name}`, async () => {
    await using registry = await startRegistry(options);
    const createRepository = creator(registry);
    const repository = (await openSide(registry.host, { createRepository })).push("a/b");
    const blobs = Array.from({ length: 16 }, (_, i) => randomBytes(100, i));
    await Promise.all(blobs.map(async (bytes) => {
      await requireUpload(await repository.beginBlob(describe(bytes))).put(bytes);
    }));
    assert.equal(registry.blobs("a/b").length, 16);
    assert.equal(createRepository.calls, 1);
  });

  test(`Repository.beginBlob() reports that the repository does not exist: ${name}`, async () => {
    await using registry = await startRegistry(options);
    const error = await failureOf((await openSide(registry.host)).push("a/b").beginBlob(BLOB));
    assert.equal(error.code, "not_found");
    assert.equal(error.side, "source");
    assert.match(error.message, /start upload of blob .* answered 404.*NAME_UNKNOWN/);
    assert.equal(error.hint, `the repository does not exist: create ${registry.host}/a/b`);
  });

  test(`Repository.beginBlob() reports it too if the registry has no way to create one: ${name}`, async () => {
    await using registry = await startRegistry(options);
    const createRepository = (): Promise<boolean> => Promise.resolve(false);
    const { push } = await openSide(registry.host, { createRepository });
    const error = await failureOf(push("a/b").beginBlob(BLOB));
    assert.equal(error.code, "not_found");
    assert.match(error.hint ?? "", /does not exist/);
  });

  test(`Repository.checksDigests() creates an absent repository: ${name}`, async () => {
    await using registry = await startRegistry(options);
    const createRepository = creator(registry);
    const repository = (await openSide(registry.host, { createRepository })).push("a/b");
    assert.equal(await repository.checksDigests(), true);
    assert.equal(createRepository.calls, 1);
  });
}

test("Repository.beginBlob() mounts into a repository that it creates", async () => {
  await using registry = await startRegistry({ createsRepositories: false });
  await registry.putBlob("a/from", BYTES);
  const createRepository = creator(registry);
  const repository = (await openSide(registry.host, { createRepository })).push("a/to");
  const start = await repository.beginBlob(BLOB, { mountFrom: ["a/from"] });
  assert.deepEqual(start, { state: "mounted", from: "a/from" });
  assert.equal(createRepository.calls, 1);
});

test("Repository.beginBlob() does not create an existing repository", async () => {
  await using registry = await startRegistry({ createsRepositories: false });
  registry.createRepository("a/b");
  const createRepository = creator(registry);
  const repository = (await openSide(registry.host, { createRepository })).push("a/b");
  await requireUpload(await repository.beginBlob(BLOB)).put(BYTES);
  assert.equal(createRepository.calls, 0);
});

test("Repository.beginBlob() treats a cut connection as a missing repository, once", async () => {
  await using registry = await startRegistry({ createsRepositories: false });
  // As Amazon ECR does: https://github.com/aws/containers-roadmap/issues/1970
  const fault = registry.fail({ method: "POST", action: { dropConnection: true } });
  const createRepository = creator(registry);
  const { delays, push } = await openSide(registry.host, { createRepository });
  await requireUpload(await push("a/b").beginBlob(BLOB)).put(BYTES);
  assert.equal(fault.hits, 1);
  assert.equal(createRepository.calls, 1);
  assert.deepEqual(delays, []);
});

test("Repository.beginBlob() tries a cut connection again that has another cause", async () => {
  await using registry = await startRegistry();
  registry.fail({ method: "POST", times: 2, action: { dropConnection: true } });
  const createRepository = (): Promise<boolean> => Promise.resolve(false);
  const { delays, push } = await openSide(registry.host, { createRepository });
  await requireUpload(await push("a/b").beginBlob(BLOB)).put(BYTES);
  assert.equal(delays.length, 1);
});

test("Repository.beginBlob() reports why a repository could not be created, and retries at the next blob", async () => {
  await using registry = await startRegistry({ createsRepositories: false });
  const create = creator(registry);
  const createRepository: CreateRepository = (name, options) => {
    if (create.calls++ > 0) return create(name, options);
    return Promise.reject(new CrossdockError("denied", "not you", { hint: "ask for the right" }));
  };
  const repository = (await openSide(registry.host, { createRepository })).push("a/b");
  const error = await failureOf(repository.beginBlob(BLOB));
  assert.deepEqual([error.code, error.message, error.side], ["denied", "not you", "source"]);
  await requireUpload(await repository.beginBlob(BLOB)).put(BYTES);
});

test("Repository.beginBlob() does not wait for ever for a repository", async () => {
  await using registry = await startRegistry({ createsRepositories: false });
  const createRepository: CreateRepository = (_name, { signal }) =>
    new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
  const { push } = await openSide(registry.host, { createRepository, timeoutMs: 50, retries: 0 });
  const error = await failureOf(push("a/b").beginBlob(BLOB));
  assert.equal(error.code, "timeout");
  assert.match(error.message, /create repository .*a\/b/);
});

test("Repository.beginBlob() hints at the repository when Amazon ECR cuts the connection", async () => {
  const fetch = (): Promise<Response> => Promise.reject(new NetworkError("reset", "it was cut"));
  const { push } = await openSide(ECR, { retries: 1, isPlain: false, runtime: { fetch } });
  const error = await failureOf(push("a/b").beginBlob(BLOB));
  assert.equal(error.code, "network");
  assert.equal(
    error.hint,
    `${ECR} closes the connection when the repository does not exist: create ${ECR}/a/b, or enable the ` +
      "creation of repositories on push",
  );
});

test("quirksOf() lists registries in which a push needs an existing repository", () => {
  assert.equal(quirksOf(ECR).needsRepository, true);
  assert.equal(quirksOf("123456789012.dkr-ecr.us-east-2.on.aws").needsRepository, true);
  for (const registry of ["docker.io", "public.ecr.aws", "ghcr.io"]) {
    assert.equal(quirksOf(registry).needsRepository, undefined);
  }
});
