import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { copy, inspect, plan, tags, verify } from "../../src/mod.ts";
import type { CopyEvent } from "../../src/mod.ts";
import { spawnGuarded } from "../support/guarded_process.ts";
import { putImage, putIndex, randomBytes } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";

interface Folder extends AsyncDisposable {
  readonly path: string;
}

async function createFolder(): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), "crossdock-library-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

const PLATFORMS = ["linux/amd64", "linux/arm64"];
const ME = { username: "me", password: "secret" };
const USERS = { type: "basic", users: { me: "secret" } } as const;

test("copy() takes two names and options, or a request", async () => {
  await using source = await startRegistry();
  await using destination = await startRegistry();
  await putIndex(source, "app", { tag: "1", platforms: PLATFORMS });
  const from = `${source.host}/app:1`;
  const options = { platforms: ["linux/arm64"], index: "unwrap" } as const;
  const byNames = await copy(from, `${destination.host}/a`, options);
  const byRequest = await copy({
    source: from,
    destination: `${destination.host}/b`,
    ...options,
  });
  assert.equal(destination.getManifest("a", "1")?.digest, byNames.digest);
  assert.equal(destination.getManifest("b", "1")?.digest, byNames.digest);
  assert.equal(byRequest.digest, byNames.digest);
});

test("copy() passes events to emit and warnings to onWarning", async () => {
  await using source = await startRegistry();
  await using destination = await startRegistry();
  await putIndex(source, "app", { tag: "1", platforms: PLATFORMS });
  const events: CopyEvent[] = [];
  const warnings: string[] = [];
  await copy(`${source.host}/app:1`, `${destination.host}/app`, {
    platforms: ["linux/arm64"],
    emit: (event) => events.push(event),
    onWarning: (message) => warnings.push(message),
  });
  assert.equal(events.at(-1)?.type, "report");
  assert.match(warnings.join(), /digest/);
  const emitted = events.flatMap((event) => event.type === "warning" ? [event.message] : []);
  assert.deepEqual(warnings, emitted);
});

test("copy() sends credentials only to the registry of their image", async () => {
  await using source = await startRegistry({ auth: USERS });
  await using destination = await startRegistry({ auth: USERS });
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  const to = `${destination.host}/app`;
  await copy(`${source.host}/app:1`, to, {
    source: { credentials: ME },
    destination: { credentials: { kind: "basic", ...ME } },
  });
  assert.equal(destination.getManifest("app", "1")?.digest, descriptor.digest);
  const request = { source: `${source.host}/app:1`, destination: to };
  const settings = { source: { credentials: ME }, destination: { credentials: "none" } } as const;
  await assert.rejects(copy({ ...request, recheck: true }, settings), {
    code: "unauthorized",
    side: "destination",
  });
});

test("copy() rejects unknown options and settings out of range", async () => {
  const unknown = { platform: ["linux/amd64"] } as object;
  await assert.rejects(copy("a.example/a", "b.example/b", unknown), {
    code: "usage",
    message: /platform/,
  });
  await assert.rejects(copy("a.example/a", "b.example/b", { retries: 21 }), RangeError);
});

test("copy() stops with the reason of its signal", async () => {
  await using source = await startRegistry();
  await using destination = await startRegistry();
  await putImage(source, "app", { tag: "1" });
  const controller = new AbortController();
  const reason = new Error("enough");
  const copied = copy(`${source.host}/app:1`, `${destination.host}/app`, {
    signal: controller.signal,
    emit: ({ type }) => type === "plan" && controller.abort(reason),
  });
  await assert.rejects(copied, (error) => error === reason);
  assert.equal(destination.getManifest("app", "1"), undefined);
});

test("copy() opens folders and files, and closes them", async () => {
  await using registry = await startRegistry();
  await using folder = await createFolder();
  const { descriptor } = await putImage(registry, "app", { tag: "1" });
  const file = `oci-archive:${folder.path}/app.tar:1`;
  await copy(`${registry.host}/app:1`, file);
  assert.deepEqual(await readdir(folder.path), ["app.tar"]);
  await copy(file, `${registry.host}/back`);
  assert.equal(registry.getManifest("back", "1")?.digest, descriptor.digest);
});

test("plan() and verify() write nothing, inspect() and tags() read one registry", async () => {
  await using source = await startRegistry();
  await using destination = await startRegistry();
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  const [from, to] = [`${source.host}/app:1`, `${destination.host}/app`];
  const { root, totals } = await plan(from, to);
  assert.equal(root.digest, descriptor.digest);
  assert.ok(totals);
  assert.equal((await plan(from, to, { survey: false })).totals, undefined);
  assert.equal((await verify(from, to)).equal, false);
  assert.deepEqual(destination.requests.filter(({ method }) => !/GET|HEAD/.test(method)), []);
  await copy(from, to);
  assert.equal((await verify({ source: from, destination: to })).equal, true);
  assert.equal((await inspect(`${to}:1`)).root.descriptor.digest, descriptor.digest);
  assert.deepEqual((await Array.fromAsync(tags(to))).flat(), ["1"]);
});

test("inspect() shares tokens among calls without settings", async () => {
  const auth = { type: "bearer", users: {}, anonymousPull: true } as const;
  await using registry = await startRegistry({ auth });
  await putImage(registry, "app", { tag: "1" });
  const countTokens = (): number =>
    registry.requests.filter(({ path }) => path.startsWith("/token")).length;
  await inspect(`${registry.host}/app:1`);
  await inspect(`${registry.host}/app:1`);
  assert.equal(countTokens(), 1);
  await inspect(`${registry.host}/app:1`, { source: { credentials: "none" } });
  assert.equal(countTokens(), 2);
});

test("copy() finds the credentials that docker login stored", async () => {
  const password = randomBytes(12, 7).join("");
  await using source = await startRegistry();
  await using destination = await startRegistry({
    auth: { type: "basic", users: { me: password } },
  });
  await using folder = await createFolder();
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  const auths = { [destination.host]: { auth: btoa(`me:${password}`) } };
  await writeFile(join(folder.path, "config.json"), JSON.stringify({ auths }));
  const program = fileURLToPath(new URL("./copy_program.ts", import.meta.url));
  const flags = "Deno" in globalThis ? ["run", "--allow-all"] : [];
  const command = [process.execPath, ...flags, program];
  const names = [`${source.host}/app:1`, `${destination.host}/app`];
  const env = { ...process.env as Record<string, string>, DOCKER_CONFIG: folder.path };
  const copied = spawnGuarded([...command, ...names], { env });
  assert.equal(await copied.ended, 0, copied.stderr);
  assert.equal(copied.stdout, descriptor.digest);
  assert.equal(destination.getManifest("app", "1")?.digest, descriptor.digest);
});
