/** https://github.com/containers/skopeo/blob/main/docs/skopeo-sync.1.md#yaml-file-content */
import * as z from "zod";
import { formatReference, parseReference, parseRepository } from "../../oci/reference.ts";
import type { Reference } from "../../oci/reference.ts";
import { readValue } from "../../config/read_keys.ts";
import { readYaml } from "../../config/read_yaml.ts";
import { flag, text } from "../../config/scalars.ts";
import { ConfigWriter, isExpression, toRegistry, toTagPatterns, toUnanchored } from "./imported.ts";
import type { Imported, TagsEntry } from "./imported.ts";
import { convertRange } from "./version_range.ts";

export interface SkopeoOptions {
  /** The name of the file in messages: `sync.yaml`. */
  readonly from: string;
  /** The last argument of `skopeo sync`: `registry.example/mirror`. */
  readonly destination: string;
  /** `--scoped`: target names keep registry and path. @default false: only the last part of the path */
  readonly scoped?: boolean;
}

const schema = z.record(
  z.string(),
  z.strictObject({
    images: z.record(z.string(), z.array(text).optional()).optional(),
    "images-by-tag-regex": z.record(z.string(), text.optional()).optional(),
    "images-by-semver": z.record(z.string(), text.optional()).optional(),
    credentials: z.strictObject({
      username: text.optional(),
      password: text.optional(),
      identitytoken: text.optional(),
    }).optional(),
    "tls-verify": flag.optional(),
    "cert-dir": text.optional(),
  }).optional(),
).optional();

/**
 * Converts a file for `skopeo sync --src yaml` to a config.
 *
 * @throws {SyncConfigError} if the file is invalid
 */
export function importSkopeo(file: string, options: SkopeoOptions): Imported {
  const { from, destination, scoped = false } = options;
  const root = readYaml(file, from, ([, key]) => key === "credentials");
  const registries = readValue(schema, root) ?? {};
  root.mistakes.throwIfAny();
  const writer = new ConfigWriter("skopeo sync");
  const names = new Map<string, string>();
  writer.note(
    "skopeo copies one platform unless --all is set; this config copies all platforms",
  );
  for (const [host, entry = {}] of Object.entries(registries)) {
    const registry = root.at(host).try(() => toRegistry(host));
    if (registry === undefined) continue;
    // skopeo joins key and name, so a key may have a path.
    const [, ...parts] = host.replace(/^https?:\/\//, "").split("/").filter((part) => part !== "");
    const prefix = [registry, ...parts].join("/");
    const { credentials: { username, password, identitytoken } = {}, "tls-verify": verify } = entry;
    if (username !== undefined || password !== undefined) writer.login(registry);
    if (identitytoken !== undefined) writer.identity(registry);
    if (verify === false) writer.insecure(registry);
    if (entry["cert-dir"] !== undefined) {
      writer.note(
        `${registry}: cert-dir is dropped; add its certificates to the host's trust store`,
      );
    }
    const add = (name: string, tags: TagsEntry | undefined, key: string): void => {
      const source = root.at(host, key, name).try(() =>
        formatReference(toRepository(`${prefix}/${name}`))
      );
      if (source === undefined) return;
      const [path = ""] = source.split("@");
      const target = `${destination}/${scoped ? path : path.slice(path.lastIndexOf("/") + 1)}`;
      const other = names.get(target);
      if (other !== undefined && other !== path) {
        writer.note(`${path} and ${other} are both copied to ${target}, as by skopeo`);
      }
      names.set(target, path);
      const digest = source.slice(path.length);
      writer.rule({
        source,
        target: `${target}${digest}`,
        type: digest === "" ? "repository" : "image",
        ...(tags ? { tags } : {}),
      });
    };
    for (const [name, tags = []] of Object.entries(entry.images ?? {})) {
      const digests = tags.filter((tag) => tag.includes(":"));
      const literals = tags.filter((tag) => !tag.includes(":"));
      for (const digest of digests) add(`${name}@${digest}`, undefined, "images");
      const allow = toTagPatterns(literals, `${prefix}/${name}`, writer);
      if (allow.length > 0) add(name, { allow }, "images");
      if (tags.length === 0) add(name, undefined, "images");
    }
    for (const [name, expression = ""] of Object.entries(entry["images-by-tag-regex"] ?? {})) {
      if (!isExpression(expression, root.at(host, "images-by-tag-regex", name))) continue;
      add(name, { allow: [toUnanchored(expression)] }, "images-by-tag-regex");
    }
    for (const [name, range = ""] of Object.entries(entry["images-by-semver"] ?? {})) {
      const semverRange = convertRange(range, "masterminds");
      if (!semverRange) {
        writer.omit(`${prefix}/${name}: the version range "${range}" is not supported`);
        continue;
      }
      // skopeo selects prereleases only if the range has one, and versions of three numbers at most.
      const version = `v?\\d+(\\.\\d+){0,2}${/[0-9xX*]-/.test(range) ? "(-.*)?" : ""}`;
      add(name, { allow: [version], semverRange }, "images-by-semver");
    }
  }
  root.mistakes.throwIfAny();
  return writer.finish();
}

/** A repository, or an image by its digest. */
function toRepository(name: string): Reference {
  return name.includes("@") ? parseReference(name) : parseRepository(name);
}
