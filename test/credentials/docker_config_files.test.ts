import { test } from "node:test";
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dockerConfigSources } from "../../src/credentials/docker_config_files.ts";
import type { DockerConfigSourcesOptions } from "../../src/credentials/docker_config_files.ts";
import type { RunHelper } from "../../src/credentials/credential_helper.ts";
import type { CredentialSources } from "../../src/auth/credentials.ts";

const noHelper: RunHelper = (helper) => Promise.reject(new Error(`asked ${helper}`));

function config(user: string, ...hosts: string[]): string {
  const auths = hosts.map((host) => [host, { username: user, password: "s3cret" }]);
  return JSON.stringify({ auths: Object.fromEntries(auths) });
}

function makeError(name: string, members: object): Error {
  return Object.assign(new Error(`${name}: no`), { name }, members);
}

/** Sources over files in memory, and the paths that were read. */
function overFiles(
  files: Record<string, string>,
  options: Partial<DockerConfigSourcesOptions> = {},
): { sources: CredentialSources; read: string[] } {
  const read: string[] = [];
  const sources = dockerConfigSources({
    env: {},
    homeDirectory: "/home/me",
    runHelper: noHelper,
    readTextFile: (path) => {
      read.push(path);
      const text = files[path];
      return text === undefined
        ? Promise.reject(makeError("Error", { code: "ENOENT" }))
        : Promise.resolve(text);
    },
    ...options,
  });
  return { sources, read };
}

const home = "/home/me/.docker/config.json";
const env = {
  DOCKER_AUTH_CONFIG: config("json", "1.io"),
  REGISTRY_AUTH_FILE: "/r.json",
  XDG_RUNTIME_DIR: "/run/me",
  DOCKER_CONFIG: "/d",
};
const files = {
  "/r.json": config("file", "1.io", "2.io"),
  "/run/me/containers/auth.json": config("runtime", "1.io", "2.io", "3.io"),
  "/d/config.json": config("docker", "1.io", "2.io", "3.io", "4.io"),
  [home]: config("home", "1.io", "2.io", "3.io", "4.io", "5.io"),
};

const order: [registry: string, from: string, read: number][] = [
  ["1.io", '$DOCKER_AUTH_CONFIG (auths "1.io")', 0],
  ["2.io", '$REGISTRY_AUTH_FILE (/r.json) (auths "2.io")', 1],
  ["3.io", '$XDG_RUNTIME_DIR/containers/auth.json (auths "3.io")', 2],
  ["4.io", '$DOCKER_CONFIG/config.json (auths "4.io")', 3],
];

for (const [registry, from, count] of order) {
  test(`dockerConfigSources() finds ${registry} in ${from} and reads no further`, async () => {
    const { sources, read } = overFiles(files, { env });
    assert.equal((await sources.lookup(registry, "a"))?.from, from);
    assert.equal(read.length, count);
  });
}

test("dockerConfigSources() does not read the home's config if DOCKER_CONFIG is set", async () => {
  const { sources, read } = overFiles(files, { env });
  assert.equal(await sources.lookup("5.io", "a"), undefined);
  assert.ok(!read.includes(home), read.join());
});

test("dockerConfigSources() reads the config of the home directory, from HOME or the option", async () => {
  for (const options of [{ homeDirectory: undefined, env: { HOME: "/home/me" } }, {}]) {
    const { sources } = overFiles(files, options);
    assert.deepEqual(await sources.lookup("5.io", "a"), {
      credential: { kind: "basic", username: "home", password: "s3cret" },
      from: '~/.docker/config.json (auths "5.io")',
    });
  }
});

test("dockerConfigSources() takes an empty variable as not set", async () => {
  const empty = Object.fromEntries(Object.keys(env).map((name) => [name, ""]));
  const { sources, read } = overFiles(files, { env: empty });
  assert.equal((await sources.lookup("1.io", "a"))?.from, '~/.docker/config.json (auths "1.io")');
  assert.deepEqual(read, [home]);
});

test("dockerConfigSources() reads only the authfile if it is set", async () => {
  const { sources, read } = overFiles({ ...files, "/a.json": config("a", "9.io") }, {
    env,
    authfile: { path: "/a.json", option: "--authfile" },
  });
  assert.equal((await sources.lookup("9.io", "a"))?.from, '--authfile /a.json (auths "9.io")');
  assert.equal(await sources.lookup("1.io", "a"), undefined);
  assert.deepEqual(read, ["/a.json"]);
});

test("dockerConfigSources() rejects an authfile that is not there", async () => {
  const { sources } = overFiles({}, { authfile: { path: "/a.json", option: "--authfile" } });
  await assert.rejects(sources.lookup("1.io", "a"), {
    name: "ParseError",
    message: "--authfile /a.json: file not found",
  });
});

test("dockerConfigSources() reads at the first lookup, and each file once", async () => {
  const { sources, read } = overFiles(files);
  assert.deepEqual(read, []);
  await Promise.all([sources.lookup("1.io", "a"), sources.lookup("7.io", "a")]);
  await sources.lookup("2.io", "a");
  assert.deepEqual(read, [home]);
});

test("dockerConfigSources() describes the places that it searched", async () => {
  const { sources } = overFiles({ "/r.json": config("file", "1.io", "2.io") }, {
    env: { REGISTRY_AUTH_FILE: "/r.json", DOCKER_AUTH_CONFIG: config("json", "8.io/x") },
  });
  assert.deepEqual(sources.describe(), [
    "$DOCKER_AUTH_CONFIG: not read",
    "$REGISTRY_AUTH_FILE (/r.json): not read",
    "~/.docker/config.json: not read",
  ]);
  await sources.lookup("8.io", "y");
  await sources.lookup("9.io", "y");
  assert.deepEqual(sources.describe(), [
    "$DOCKER_AUTH_CONFIG: 1 host, not 9.io",
    "$REGISTRY_AUTH_FILE (/r.json): 2 hosts, none is 9.io",
    "~/.docker/config.json: not found",
  ]);
  assert.equal(
    sources.describe("8.io")[0],
    "$DOCKER_AUTH_CONFIG: has 8.io, but nothing for 8.io/y",
  );
});

test("dockerConfigSources() names a malformed file and goes no further", async () => {
  const { sources, read } = overFiles({ ...files, "/r.json": "s3cret" }, { env });
  for (let attempt = 0; attempt < 2; attempt++) {
    await assert.rejects(sources.lookup("4.io", "a"), {
      name: "ParseError",
      message: "$REGISTRY_AUTH_FILE (/r.json): not JSON",
    });
  }
  assert.deepEqual(read, ["/r.json"]);
});

test("dockerConfigSources() names a file that cannot be read", async () => {
  const { sources } = overFiles({}, {
    readTextFile: () => Promise.reject(makeError("Error", { code: "EACCES" })),
  });
  await assert.rejects(sources.lookup("1.io", "a"), {
    name: "ParseError",
    message: "~/.docker/config.json: cannot be read (EACCES)",
  });
});

test("dockerConfigSources() names the flag that Deno requires", async () => {
  const denied = makeError("NotCapable", { message: "run again with the --allow-read flag" });
  const { sources } = overFiles({}, { readTextFile: () => Promise.reject(denied) });
  await assert.rejects(sources.lookup("1.io", "a"), {
    name: "ParseError",
    message: "~/.docker/config.json: cannot be read",
    hint: "run Deno with --allow-read",
  });
});

const helped = JSON.stringify({
  auths: { "2.io": { username: "u", password: "s3cret" }, "2.io/ns": { registrytoken: "t" } },
  credHelpers: { "1.io": "one", "2.io": "two" },
  credsStore: "store",
});

const helpers: [registry: string, repository: string, from: string, asked: string[]][] = [
  ["1.io", "a", '~/.docker/config.json (credHelpers "1.io": docker-credential-one)', ["one 1.io"]],
  ["2.io", "a", '~/.docker/config.json (auths "2.io")', ["two 2.io"]],
  ["2.io", "ns/a", '~/.docker/config.json (auths "2.io/ns")', []],
  ["3.io", "a", "~/.docker/config.json (credsStore: docker-credential-store)", ["store 3.io"]],
];

for (const [registry, repository, from, want] of helpers) {
  test(`dockerConfigSources() finds ${registry}/${repository} in ${from}`, async () => {
    const asked: string[] = [];
    const { sources } = overFiles({ [home]: helped }, {
      runHelper: (helper, server) => {
        asked.push(`${helper} ${server}`);
        const knows = helper !== "two";
        return Promise.resolve(knows ? { kind: "registry_token", token: helper } : undefined);
      },
    });
    assert.equal((await sources.lookup(registry, repository))?.from, from);
    assert.deepEqual(asked, want);
  });
}

test("dockerConfigSources() names the helper without a credential", async () => {
  const { sources } = overFiles({ [home]: helped }, {
    runHelper: () => Promise.resolve(undefined),
  });
  assert.equal(await sources.lookup("3.io", "a"), undefined);
  assert.deepEqual(sources.describe(), [
    "~/.docker/config.json: docker-credential-store has no credential for 3.io",
  ]);
});

test("dockerConfigSources() passes a helper's error on", async () => {
  const { sources } = overFiles({ [home]: helped });
  await assert.rejects(sources.lookup("3.io", "a"), { message: "asked store" });
});

test("dockerConfigSources() reads real files and passes those by that are not there", async () => {
  const folder = await mkdtemp(join(tmpdir(), "crossdock-config-"));
  await using _cleanup = {
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
  await mkdir(join(folder, ".docker"));
  await writeFile(join(folder, ".docker", "config.json"), config("disk", "1.io"));
  const file = join(folder, ".docker", "config.json");
  const sources = dockerConfigSources({
    // One file that is not there, and one beneath what is no folder.
    env: { REGISTRY_AUTH_FILE: join(folder, "none.json"), XDG_RUNTIME_DIR: file },
    homeDirectory: folder,
    runHelper: noHelper,
  });
  assert.deepEqual(await sources.lookup("1.io", "a"), {
    credential: { kind: "basic", username: "disk", password: "s3cret" },
    from: '~/.docker/config.json (auths "1.io")',
  });
});
