import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import process from "node:process";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { requireBinary } from "./binaries.ts";
import { createCertificate } from "./certificate.ts";
import { createTempFolder } from "./run_program.ts";
import { craneDigest, skopeoCopy, skopeoInspectDigest, skopeoInspectRaw } from "./skopeo.ts";
import { authorizationFor, type RealRegistryOptions, startRealRegistry } from "./support.ts";
import { putTinyImage } from "./tiny_image.ts";

const distributions = ["distribution2", "distribution3"] as const;
const kinds = [...distributions, "crane"] as const;
const storages = ["memory", "filesystem"] as const;

for (const kind of kinds) {
  for (const storage of storages) {
    test(`startRealRegistry() ${kind} open, ${storage}: takes an image and gives it back`, async () => {
      await using registry = await startRealRegistry(kind, { storage });
      assert.equal(registry.credentials, undefined);
      const digest = await putTinyImage(registry, "team/app:1");
      assert.equal(await skopeoInspectDigest(`${registry.host}/team/app:1`), digest);
      assert.equal(await craneDigest(`${registry.host}/team/app:1`), digest);
    });
  }
}

for (const kind of distributions) {
  for (const auth of ["htpasswd", "token"] as const) {
    const challenge = auth === "token" ? /^Bearer realm="http:\/\/localhost/ : /^Basic realm=/;

    test(`startRealRegistry() ${kind} ${auth}: rejects requests without credentials`, async () => {
      await using registry = await startRealRegistry(kind, { auth });
      const response = await fetch(`http://${registry.host}/v2/`);
      await response.text();
      assert.equal(response.status, 401);
      assert.match(response.headers.get("www-authenticate") ?? "", challenge);
      await assert.rejects(skopeoInspectRaw(`${registry.host}/app:1`), /unauthorized/);
    });

    test(`startRealRegistry() ${kind} ${auth}: takes its credentials, and no wrong password`, async () => {
      await using registry = await startRealRegistry(kind, { auth });
      const digest = await putTinyImage(registry, "app:1");
      const { host, credentials: creds } = registry;
      assert.ok(creds !== undefined);
      assert.equal(await skopeoInspectDigest(`${host}/app:1`, { creds }), digest);
      assert.equal(await craneDigest(`${host}/app:1`, { creds }), digest);
      const wrong = { ...creds, password: "wrong" };
      await assert.rejects(
        skopeoInspectRaw(`${host}/app:1`, { creds: wrong }),
        /password|authentication/,
      );
    });
  }

  test(`startRealRegistry() ${kind}: deletes only with deletes`, async () => {
    const statuses = [];
    for (const deletes of [false, true]) {
      await using registry = await startRealRegistry(kind, { deletes });
      const digest = await putTinyImage(registry, "app:1");
      const url = `http://${registry.host}/v2/app/manifests/${digest}`;
      const response = await fetch(url, { method: "DELETE" });
      await response.text();
      statuses.push(response.status);
    }
    assert.deepEqual(statuses, [405, 202]);
  });

  test(`startRealRegistry() ${kind}: speaks TLS with a certificate of ours`, async () => {
    await using folder = await createTempFolder("tls");
    const tls = await createCertificate(folder.path);
    await using plain = await startRealRegistry("crane");
    await using registry = await startRealRegistry(kind, { tls });
    const digest = await putTinyImage(plain, "app:1");
    await skopeoCopy(`${plain.host}/app:1`, `${registry.host}/app:1`);
    assert.equal(await skopeoInspectDigest(`${registry.host}/app:1`), digest);
    await assert.rejects(
      skopeoInspectDigest(`${registry.host}/app:1`, { tlsVerify: true }),
      /certificate/,
    );
  });

  test(`startRealRegistry() ${kind} token: rejects an expired token`, async () => {
    const statuses = [];
    for (const lifetimeSeconds of [60, -1]) {
      const tokens = { lifetimeSeconds };
      await using registry = await startRealRegistry(kind, { auth: "token", tokens });
      const headers = await authorizationFor(registry, "repository:app:pull");
      const response = await drained(fetch(`http://${registry.host}/v2/`, { headers }));
      statuses.push(response.status);
    }
    assert.deepEqual(statuses, [200, 401]);
  });

  test(`startRealRegistry() ${kind} token: holds a user to the actions granted`, async () => {
    const tokens = { users: { reader: { password: "r", actions: ["pull"] } } };
    await using registry = await startRealRegistry(kind, { auth: "token", tokens });
    await putTinyImage(registry, "app:1");
    const reader = { ...registry, credentials: { username: "reader", password: "r" } };
    await assert.rejects(putTinyImage(reader, "app:2"), /POST .*: 401/);
    const creds = reader.credentials;
    await skopeoInspectDigest(`${registry.host}/app:1`, { creds });
    const last = registry.tokenServer?.issued.at(-1);
    assert.deepEqual([last?.account, last?.scopes], ["reader", ["repository:app:pull"]]);
  });
}

for (
  const [source, destination] of [["distribution2", "distribution3"], [
    "crane",
    "distribution2",
  ]] as const
) {
  test(`skopeoCopy() copies an image from ${source} to ${destination}`, async () => {
    await using from = await startRealRegistry(source);
    await using to = await startRealRegistry(destination, { auth: "token" });
    const digest = await putTinyImage(from, "app:1");
    const destCreds = to.credentials;
    await skopeoCopy(`${from.host}/app:1`, `${to.host}/team/copy:1`, { all: true, destCreds });
    assert.equal(
      await skopeoInspectDigest(`${to.host}/team/copy:1`, { creds: destCreds }),
      digest,
    );
  });
}

test("skopeoCopy() throws with the output of skopeo", async () => {
  await using registry = await startRealRegistry("crane");
  const { host } = registry;
  await assert.rejects(skopeoCopy(`${host}/absent:1`, `${host}/copy:1`), /skopeo copy .*absent/);
});

for (
  const options of [{ auth: "htpasswd" }, { auth: "token" }, {
    tls: { certFile: "", keyFile: "" },
  }] as const
) {
  test(`startRealRegistry() crane refuses ${JSON.stringify(options)}`, async () => {
    await assert.rejects(startRealRegistry("crane", options), TypeError);
  });
}

test("startRealRegistry() that does not come up throws the end of the log and leaves nothing", async () => {
  const before = await tempFolders("distribution2");
  const options: RealRegistryOptions = { tls: { certFile: "/absent.pem", keyFile: "/absent.key" } };
  await assert.rejects(
    startRealRegistry("distribution2", options),
    /docker-registry exited with 1, the end of its log:\n[^]*absent\.pem: no such file/,
  );
  const left = (await tempFolders("distribution2")).filter((name) => !before.includes(name));
  assert.deepEqual(left, []);
});

test("requireBinary() names the task that installs a missing program", () => {
  assert.throws(
    () => requireBinary("crane", "/absent/crane"),
    /crane .*deno task setup:registries/,
  );
});

for (const kind of kinds) {
  test(`RealRegistry ${kind} is gone after a block that throws`, async () => {
    let pid = 0;
    let host = "";
    await assert.rejects(async () => {
      await using registry = await startRealRegistry(kind);
      ({ pid, host } = registry);
      assert.ok(isAlive(pid));
      throw new Error("a test that fails");
    }, /a test that fails/);
    assert.equal(isAlive(pid), false);
    await assert.rejects(fetch(`http://${host}/v2/`));
  });
}

test("RealRegistry is gone after its program was killed", async () => {
  const script = fileURLToPath(new URL("abandon.ts", import.meta.url));
  const args = "Deno" in globalThis ? ["run", "--allow-all", script] : [script];
  await using folder = await createTempFolder("abandoned"); // nobody removes what the program leaves
  const child = spawn(process.execPath, args, {
    env: { ...process.env, TMPDIR: folder.path },
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const [line] = await once(child.stdout, "data");
    const pid = Number(line);
    assert.ok(isAlive(pid), `the registry runs as ${pid}`);
    child.kill("SIGKILL");
    for (let i = 0; i < 3000 && isAlive(pid); i++) await delay(10);
    assert.equal(isAlive(pid), false);
  } finally {
    child.kill("SIGKILL");
  }
});

async function drained(response: Promise<Response>): Promise<Response> {
  await (await response).arrayBuffer();
  return await response;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function tempFolders(name: string): Promise<string[]> {
  return (await readdir(tmpdir())).filter((entry) => entry.startsWith(`crossdock-${name}-`));
}
