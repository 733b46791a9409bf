import assert from "node:assert/strict";
import { test } from "node:test";
import { MountMemory } from "../../src/copy/mount_memory.ts";
import type { BlobStep } from "../../src/copy/step.ts";
import type { Digest } from "../../src/oci/digest.ts";

function digestOf(i: number): Digest {
  return `sha256:${i.toString(16).padStart(64, "0")}`;
}

function stepOf(digest: Digest, mountFrom: string[] = []): BlobStep {
  return {
    type: "blob",
    source: "a.example/app",
    destination: "b.example/app",
    descriptor: { mediaType: "application/octet-stream", digest, size: 1 },
    mountFrom,
    eager: true,
    verify: "auto",
  };
}

const streamed = { type: "blob", state: "streamed", bytes: 1 } as const;
const mounted = { type: "blob", state: "mounted", bytes: 0 } as const;
const [one, two] = [digestOf(1), digestOf(2)];

test("MountMemory.find() gives another repository of the same registry", () => {
  const memory = new MountMemory();
  memory.add("b.example", "x", stepOf(one), streamed);
  assert.equal(memory.find("b.example", "y", one), "x");
  assert.equal(memory.find("b.example", "x", one), undefined);
  assert.equal(memory.find("c.example", "y", one), undefined);
  assert.equal(memory.find("b.example", "y", two), undefined);
  memory.add("b.example", "y", stepOf(one, ["x"]), mounted);
  assert.equal(memory.find("b.example", "y", one), undefined);
  assert.equal(memory.find("b.example", "z", one), "x");
  assert.deepEqual(["x", "y", "z"].map((name) => memory.has("b.example", name, one)), [
    true,
    true,
    false,
  ]);
});

test("MountMemory.find() gives none of a registry that mounted nothing three times on end", () => {
  const memory = new MountMemory();
  memory.add("b.example", "x", stepOf(one), streamed);
  for (const name of ["p", "q"]) memory.add("b.example", name, stepOf(two, ["x"]), streamed);
  memory.add("b.example", "r", stepOf(two, ["x"]), mounted);
  for (const name of ["s", "t"]) memory.add("b.example", name, stepOf(two, ["x"]), streamed);
  assert.equal(memory.find("b.example", "y", one), "x");
  memory.add("b.example", "u", stepOf(two, ["x"]), streamed);
  assert.equal(memory.find("b.example", "y", one), undefined);
});

test("MountMemory forgets the oldest blobs beyond its bound", () => {
  const memory = new MountMemory();
  for (let i = 0; i <= 50_000; i++) memory.add("b.example", "x", stepOf(digestOf(i)), streamed);
  assert.equal(memory.find("b.example", "y", digestOf(0)), undefined);
  assert.equal(memory.find("b.example", "y", digestOf(1)), "x");
  assert.equal(memory.find("b.example", "y", digestOf(50_000)), "x");
});
