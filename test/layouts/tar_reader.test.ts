import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { packTar } from "modern-tar";
import type { TarEntry } from "modern-tar";
import { openTarReader } from "../../src/layouts/tar_reader.ts";
import { createTempFolder } from "../registries/run_program.ts";

const MIB = 1024 * 1024;

function file(name: string, body = "x"): TarEntry {
  return { header: { name, size: new TextEncoder().encode(body).byteLength }, body };
}

function link(type: "link" | "symlink", name: string, linkname: string): TarEntry {
  return { header: { name, linkname, type, size: 0 } };
}

/** Writes an archive and reads the given entries of it. */
async function readArchive(
  archive: Uint8Array,
  paths: readonly string[] = [],
): Promise<(string | undefined)[]> {
  await using folder = await createTempFolder("tar");
  const path = join(folder.path, "app.tar");
  await writeFile(path, archive);
  const reader = await openTarReader(path);
  try {
    const texts: (string | undefined)[] = [];
    for (const entry of paths) {
      const size = await reader.size(entry);
      const text = size === undefined
        ? undefined
        : await new Response(await reader.open(entry)).text();
      assert.equal(text?.length, size);
      texts.push(text);
    }
    return texts;
  } finally {
    await reader.close();
  }
}

async function assertRejected(
  archive: Uint8Array,
  expected: { readonly code: string; readonly message: RegExp },
  paths: readonly string[] = [],
): Promise<void> {
  await assert.rejects(readArchive(archive, paths), (error: Error & { code?: string }) => {
    assert.match(error.message, expected.message);
    assert.match(error.message, /^read .*app\.tar: /);
    assert.ok(!error.message.includes("\n"));
    assert.equal(error.code, expected.code);
    return true;
  });
}

test("openTarReader() reads entries at random, with long names and ./ in front", async () => {
  const long = `blobs/${"x".repeat(300)}`;
  const archive = await packTar([
    file("./a", "first"),
    file(long, "second"),
    file("b//c", "third"),
  ]);
  assert.deepEqual(
    await readArchive(archive, ["b/c", long, "a", "missing"]),
    ["third", "second", "first", undefined],
  );
});

test("openTarReader() reads from an offset, also several streams at once", async () => {
  await using folder = await createTempFolder("tar");
  const path = join(folder.path, "app.tar");
  const bytes = new Uint8Array(3 * MIB).map((_, i) => i % 251);
  await writeFile(
    path,
    await packTar([{ header: { name: "a", size: bytes.length }, body: bytes }]),
  );
  const reader = await openTarReader(path);
  try {
    const parts = await Promise.all([0, MIB, 2 * MIB + 1].map(async (offset) => {
      const body = await new Response(await reader.open("a", { offset })).bytes();
      return body.every((byte, i) => byte === (offset + i) % 251) && body.length + offset;
    }));
    assert.deepEqual(parts, [3 * MIB, 3 * MIB, 3 * MIB]);
  } finally {
    await reader.close();
  }
});

test("openTarReader() resolves hard and symbolic links inside of the archive", async () => {
  const archive = await packTar([
    link("symlink", "one/layer.tar", "../two/layer.tar"),
    file("two/layer.tar", "layer"),
    link("link", "three/layer.tar", "one/layer.tar"),
  ]);
  assert.deepEqual(
    await readArchive(archive, ["one/layer.tar", "three/layer.tar"]),
    ["layer", "layer"],
  );
});

test("openTarReader() decompresses a gzipped archive", async () => {
  const archive = gzipSync(await packTar([file("a", "first")]));
  assert.deepEqual(await readArchive(archive, ["a"]), ["first"]);
});

test("openTarReader() reads an empty file in an archive", async () => {
  assert.deepEqual(await readArchive(await packTar([file("a", ""), file("b")]), ["a", "b"]), [
    "",
    "x",
  ]);
});

const NAMED: readonly {
  readonly what: string;
  readonly entries: TarEntry[];
  readonly message: RegExp;
}[] = [
  { what: "an absolute path", entries: [file("/etc/passwd")], message: /"\/etc\/passwd"/ },
  { what: "a climbing path", entries: [file("a/../../b")], message: /"a\/\.\.\/\.\.\/b"/ },
  { what: "a climbing symlink", entries: [link("symlink", "a/b", "../../c")], message: /"a\/b"/ },
  { what: "a climbing hard link", entries: [link("link", "a", "../c")], message: /"a".*"\.\.\/c"/ },
  { what: "an absolute link", entries: [link("symlink", "a", "/etc/passwd")], message: /"a"/ },
  {
    what: "a loop of links",
    entries: [link("symlink", "a", "b"), link("link", "b", "a")],
    message: /"a" is part of a loop of links/,
  },
  { what: "a link to itself", entries: [link("symlink", "a", "a")], message: /"a".*loop/ },
  {
    what: "a FIFO",
    entries: [{ header: { name: "a", type: "fifo", size: 0 } }],
    message: /"a" is a fifo/,
  },
  {
    what: "a device",
    entries: [{ header: { name: "a", type: "block-device", size: 0 } }],
    message: /"a" is a block-device/,
  },
  {
    what: "a sparse file of PAX",
    entries: [{ header: { name: "a", size: 1, pax: { "GNU.sparse.major": "1" } }, body: "x" }],
    message: /"a" is a sparse file/,
  },
];

for (const { what, entries, message } of NAMED) {
  test(`openTarReader() rejects ${what}`, async () => {
    await assertRejected(await packTar([file("ok"), ...entries]), { code: "unsupported", message });
  });
}

test("openTarReader() rejects a sparse file of GNU tar", async () => {
  const archive = await packTar([file("ok"), file("a")]);
  setType(archive, 2 * 512, "S");
  await assertRejected(archive, { code: "unsupported", message: /"a" is a sparse file/ });
});

test("openTarReader() rejects an entry of an unknown type", async () => {
  const archive = await packTar([file("ok"), file("a")]);
  setType(archive, 2 * 512, "Z");
  await assertRejected(archive, { code: "unsupported", message: /"a" has the unknown type "Z"/ });
});

/** Changes the type of the entry at `offset`, and its checksum. */
function setType(archive: Uint8Array, offset: number, type: string): void {
  const header = archive.subarray(offset, offset + 512);
  header[156] = type.charCodeAt(0);
  header.fill(32, 148, 156);
  const sum = header.reduce((sum, byte) => sum + byte, 0);
  header.set(new TextEncoder().encode(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
}

test("openTarReader() rejects a link to a missing entry when it is read", async () => {
  const archive = await packTar([link("symlink", "a", "b"), file("ok")]);
  assert.deepEqual(await readArchive(archive, ["ok"]), ["x"]);
  const message = /"a" is a link to "b", which is not a file of the archive/;
  await assertRejected(archive, { code: "integrity", message }, ["a"]);
});

test("openTarReader() rejects an archive that is cut anywhere", async () => {
  const archive = await packTar([file("a", "first"), file("b", "x".repeat(2000))]);
  const ends = [1000, 1024, 1100, 1536, 1600, 3584, 4096];
  assert.ok(archive.byteLength > Math.max(...ends));
  for (const end of ends) {
    const message = /is truncated( after the entry "[ab]"|: the entry "b" has \d+ of 2000 bytes)/;
    await assertRejected(archive.subarray(0, end), { code: "integrity", message });
  }
});

test("openTarReader() rejects a damaged header", async () => {
  const archive = await packTar([file("a"), file("b")]);
  archive[1024 + 3] = 7;
  const message = /the header after the entry "a" is damaged: Invalid tar header checksum$/;
  await assertRejected(archive, { code: "integrity", message });
});

test("openTarReader() rejects a truncated and a damaged gzip file", async () => {
  const archive = gzipSync(await packTar([file("a", crypto.randomUUID())]));
  const code = "integrity";
  const cut = readArchive(archive.subarray(0, archive.length - 20));
  await assert.rejects(cut, { code, message: /^decompress .*app\.tar: it is truncated/ });
  archive[20] = ~(archive[20] ?? 0);
  await assert.rejects(readArchive(archive), { code, message: /^decompress .*it is damaged/ });
});

test("openTarReader() rejects what is no tar file", async () => {
  const zip = new Uint8Array(2000);
  zip.set([0x50, 0x4b, 3, 4]);
  const cases: [Uint8Array, RegExp][] = [
    [new Uint8Array(0), /it is empty/],
    [new TextEncoder().encode("hello"), /it is not a tar archive/],
    [new TextEncoder().encode("hello".repeat(1000)), /it is not a tar archive/],
    [zip, /it is a zip file, expected a tar archive/],
  ];
  for (const [bytes, message] of cases) {
    await assertRejected(bytes, { code: "unsupported", message });
  }
});

test("openTarReader() rejects a missing file and a folder", async () => {
  await using folder = await createTempFolder("tar");
  const path = join(folder.path, "app.tar");
  await assert.rejects(openTarReader(path), { code: "not_found", message: /app\.tar: no such/ });
  await mkdir(path);
  await assert.rejects(openTarReader(path), {
    code: "conflict",
    message: /it is a folder/,
    hint: "for a folder write oci: or dir:",
  });
});
