/**
 * Writes the repositories of a registry, the public keys of a folder and its trust root into test/admission/fixtures. make_fixtures.sh
 * calls it with the registry, the folder and the target.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import type { FixtureRepository } from "./fixtures.ts";

const [registry = "", folder = "", target = ""] = process.argv.slice(2);
const api = `http://${registry}/v2`;
const types =
  "application/vnd.oci.image.manifest.v1+json,application/vnd.oci.image.index.v1+json," +
  "application/vnd.docker.distribution.manifest.v2+json,application/vnd.docker.distribution.manifest.list.v2+json";

const { repositories } = await (await fetch(`${api}/_catalog`)).json();
const images: Record<string, FixtureRepository> = {};
for (const name of repositories) images[name] = await readRepository(name);
writeFileSync(join(target, "images.json"), `${JSON.stringify(images, undefined, 1)}\n`);

const keys = readdirSync(folder).filter((name) => name.endsWith(".pub"))
  .map((name) => [name.replace(".pub", ""), readFileSync(join(folder, name), "utf8")]);
writeFileSync(
  join(target, "keys.json"),
  `${JSON.stringify(Object.fromEntries(keys), undefined, 1)}\n`,
);
const root = JSON.parse(readFileSync(join(folder, "root.json"), "utf8"));
writeFileSync(join(target, "root.json"), `${JSON.stringify(root, undefined, 1)}\n`);

async function readRepository(name: string): Promise<FixtureRepository> {
  const { tags } = await (await fetch(`${api}/${name}/tags/list`)).json();
  const found: FixtureRepository = { tags: {}, manifests: {}, blobs: {} };
  const open: string[] = [...tags];
  for (const reference of open) {
    const response = await fetch(`${api}/${name}/manifests/${reference}`, {
      headers: { accept: types },
    });
    const digest = response.headers.get("docker-content-digest") ?? "";
    if (tags.includes(reference)) found.tags[reference] = digest;
    if (found.manifests[digest]) continue;
    const text = await response.text();
    const type = response.headers.get("content-type") ?? "";
    found.manifests[digest] = { type, text };
    const { config, layers = [], manifests = [] } = JSON.parse(text);
    open.push(...manifests.map((entry: { digest: string }) => entry.digest));
    for (const blob of [...config ? [config] : [], ...layers]) {
      const bytes = await (await fetch(`${api}/${name}/blobs/${blob.digest}`)).bytes();
      found.blobs[blob.digest] = Buffer.from(bytes).toString("base64");
    }
  }
  return found;
}
