/** The command line with archives in files, on stdin and on stdout, next to skopeo. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { closeSync, openSync, readdirSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { unpackTar } from "modern-tar";
import { until } from "../support/until.ts";
import { createTempFolder } from "../registries/run_program.ts";
import { startRealRegistry } from "../registries/support.ts";
import { putTinyImage } from "../registries/tiny_image.ts";
import { OCI_INDEX, OCI_MANIFEST } from "../../src/oci/media_types.ts";
import { crane, digestOf, skopeo, skopeoDigest } from "./judges.ts";
import { fetchManifest, seedImage, testWith } from "./setup.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** The file on stdin. Default: a pipe. */
  readonly stdin?: string;
  /** The file that stdout is written to. */
  readonly stdout?: string;
}

/** Starts the program with the permissions of its task. */
function startCrossdock(args: readonly string[], options: StartOptions = {}): ChildProcess {
  const stdin = options.stdin === undefined ? "pipe" : openSync(options.stdin, "r");
  const stdout = options.stdout === undefined ? "ignore" : openSync(options.stdout, "w");
  const child = spawn("bash", [join(ROOT, "build/crossdock.sh"), ...args], {
    env: {
      PATH: `${dirname(process.execPath)}:${process.env["PATH"]}`,
      DENO_DIR: process.env["DENO_DIR"] ?? join(homedir(), ".cache/deno"),
      HOME: "/nonexistent",
      NO_COLOR: "1",
      ...options.env,
    },
    stdio: [stdin, stdout, "pipe"],
  });
  for (const fd of [stdin, stdout]) if (typeof fd === "number") closeSync(fd);
  return child;
}

/** Runs the program to its end. Returns its exit code and stderr. */
async function crossdock(
  args: readonly string[],
  options?: StartOptions,
): Promise<{ readonly code: number | null; readonly stderr: string }> {
  const child = startCrossdock(args, options);
  let stderr = "";
  child.stdin?.end();
  child.stderr?.setEncoding("utf8").on("data", (text) => stderr += text);
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, stderr };
}

async function succeed(args: readonly string[], options?: StartOptions): Promise<void> {
  const { code, stderr } = await crossdock(args, options);
  assert.equal(code, 0, stderr);
}

test("crossdock copy pushes a saved archive with docker's credentials, and pulls it into one", async () => {
  await using registry = await startRealRegistry("distribution3", { auth: "htpasswd" });
  await using open = await startRealRegistry("crane");
  await using folder = await createTempFolder("layouts");
  await putTinyImage(open, "alpine:3.20");
  const saved = join(folder.path, "alpine.tar");
  await skopeo("copy", `docker://${open.host}/alpine:3.20`, `docker-archive:${saved}:alpine:3.20`);
  const { username, password } = registry.credentials ?? { username: "", password: "" };
  const auths = { [registry.host]: { auth: btoa(`${username}:${password}`) } };
  await writeFile(join(folder.path, "config.json"), JSON.stringify({ auths }));
  const env = { DOCKER_CONFIG: folder.path };

  const remote = `docker://${registry.host}/mirror/alpine:3.20`;
  const denied = await crossdock(["copy", `docker-archive:${saved}`, remote]);
  assert.equal(denied.code, 3, denied.stderr);
  await succeed(["copy", `docker-archive:${saved}`, remote], { env });
  const pulled = join(folder.path, "pulled.tar");
  await succeed(["copy", remote, `docker-archive:${pulled}:alpine:3.20`], { env });
  assert.deepEqual(
    await skopeo("inspect", "--config", "--raw", `docker-archive:${pulled}:alpine:3.20`),
    await skopeo("inspect", "--config", "--raw", `docker-archive:${saved}:alpine:3.20`),
  );
});

testWith("crossdock copy reads an archive from stdin, also a gzipped one", async (bench) => {
  const { host, folder } = bench;
  const image = await seedImage(bench, "app:1");
  const temporary = join(folder, "temporary");
  await mkdir(temporary);
  const env = { TMPDIR: temporary };
  const saved = join(folder, "app.tar");
  await skopeo("copy", `docker://${host}/app:1`, `docker-archive:${saved}:app:1`);
  await succeed(["copy", "docker-archive:-", `docker://${host}/stdin:1`], { stdin: saved, env });
  assert.equal((await fetchManifest(bench, "stdin:1")).config.digest, image.config);

  const layout = join(folder, "oci.tar");
  await skopeo("copy", "--preserve-digests", `docker://${host}/app:1`, `oci-archive:${layout}:1`);
  const zipped = `${layout}.gz`;
  await writeFile(zipped, gzipSync(await readFile(layout)));
  await succeed(["copy", "oci-archive:-:1", `docker://${host}/stdin:2`], { stdin: zipped, env });
  assert.equal(await crane("digest", `${host}/stdin:2`), image.digest);
  assert.deepEqual(await readdir(temporary), []);
});

testWith("crossdock copy writes archives to stdout", async (bench) => {
  const { host, folder } = bench;
  const image = await seedImage(bench, "app:1", { layers: 3 });
  const temporary = join(folder, "temporary");
  await mkdir(temporary);
  const env = { TMPDIR: temporary };
  const source = `docker://${host}/app:1`;
  const saved = join(folder, "app.tar");
  await succeed(["copy", source, "docker-archive:-:app:1"], { stdout: saved, env });
  await crane("validate", "--tarball", saved);
  // Strict: nothing may follow the end of the archive, such as the report.
  assert.equal((await unpackTar(await readFile(saved), { strict: true })).length, 5);
  const layout = join(folder, "oci.tar");
  await succeed(["copy", source, "oci-archive:-:1"], { stdout: layout, env });
  assert.equal(await skopeoDigest(`oci-archive:${layout}:1`), image.digest);
  assert.deepEqual(await readdir(temporary), []);
  const failed = await crossdock(["copy", `${source}0`, "oci-archive:-:1"], {
    stdout: layout,
    env,
  });
  assert.equal(failed.code, 4, failed.stderr);
  assert.equal((await readFile(layout)).byteLength, 0);
});

testWith(
  "crossdock copy writes the platform of this machine to a docker archive",
  async (bench) => {
    const { registry, host, folder } = bench;
    const platforms = { amd64: "x64", arm64: "arm64" } as const;
    const manifests: unknown[] = [];
    const configs: Record<string, string> = {};
    for (const architecture of ["amd64", "arm64"] as const) {
      const image = await seedImage(bench, `app:${architecture}`, { architecture });
      configs[platforms[architecture]] = image.config;
      const size = registry.getManifest("app", architecture)?.bytes.byteLength;
      const platform = { os: "linux", architecture };
      manifests.push({ mediaType: OCI_MANIFEST, digest: image.digest, size, platform });
    }
    const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests };
    await registry.putManifest("app", index, OCI_INDEX, ["1"]);
    const path = join(folder, "app.tar");
    await succeed(["copy", `docker://${host}/app:1`, `docker-archive:${path}:app:1`]);
    const archive = `docker-archive:${path}:app:1`;
    const config = await skopeo("inspect", "--config", "--raw", archive);
    assert.equal(digestOf(config), configs[process.arch]);
  },
);

testWith(
  "crossdock copy leaves no temporary file of stdin, however it ends",
  async ({ host, folder }) => {
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      const child = startCrossdock(
        ["copy", "docker-archive:-", `docker://${host}/stdin:1`],
        { env: { TMPDIR: folder } },
      );
      // More than a pipe holds: the program is reading when this is written.
      await new Promise((resolve) => child.stdin?.write(new Uint8Array(1024 * 1024), resolve));
      const end = new Promise((resolve) => child.once("close", resolve));
      process.kill(child.pid ?? 0, signal);
      child.stdin?.on("error", () => {}).destroy();
      await end;
      assert.deepEqual(await readdir(folder), [], signal);
    }
  },
);

testWith(
  "crossdock copy removes an archive that is not complete when it is stopped",
  async (bench) => {
    const { registry, host, folder } = bench;
    await seedImage(bench, "app:1");
    registry.fail({ path: "/blobs/", times: 6, action: { hang: true } });
    for (const transport of ["docker-archive", "oci-archive"]) {
      const child = startCrossdock([
        "copy",
        `docker://${host}/app:1`,
        `${transport}:${folder}/app.tar`,
      ]);
      const end = new Promise((resolve) => child.once("close", resolve));
      await until("a file exists", () => readdirSync(folder).length > 0);
      assert.match((await readdir(folder)).join(), /^app\.tar\..*\.part$/);
      process.kill(child.pid ?? 0, "SIGTERM");
      await end;
      assert.deepEqual(await readdir(folder), [], transport);
    }
  },
);
