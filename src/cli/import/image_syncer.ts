/** https://github.com/AliyunContainerService/image-syncer#configuration-files */
import * as z from "zod";
import { formatReference, parseRepository } from "../../oci/reference.ts";
import { isGroup } from "../../config/config_node.ts";
import type { ConfigNode } from "../../config/config_node.ts";
import { readValue } from "../../config/read_keys.ts";
import { readYaml } from "../../config/read_yaml.ts";
import { flag, text } from "../../config/scalars.ts";
import {
  ConfigWriter,
  env,
  isExpression,
  toRegistry,
  toTagPatterns,
  toUnanchored,
} from "./imported.ts";
import type { Imported, TagsEntry } from "./imported.ts";

export interface ImageSyncerFiles {
  /** `images.yaml`, or one file with both parts under the keys `auth` and `images`. */
  readonly images: string;
  /** `auth.yaml` */
  readonly auth?: string;
}

const authSchema = z.record(
  z.string(),
  z.strictObject({
    username: text.optional(),
    password: text.optional(),
    insecure: flag.optional(),
  }).optional(),
).optional();
const imagesSchema = z.record(z.string(), z.unknown()).optional();
const targetsSchema = z.array(text).min(1);

/**
 * Converts image-syncer's files to a config.
 *
 * @throws {SyncConfigError} if a file is invalid
 */
export function importImageSyncer({ images, auth }: ImageSyncerFiles): Imported {
  const writer = new ConfigWriter("image-syncer");
  const root = readYaml(images, "images", ([key]) => key === "auth");
  readValue(imagesSchema, root);
  root.mistakes.throwIfAny();
  const isBoth = isGroup(root.at("images").value);
  const logins = auth === undefined ? root.at("auth") : readYaml(auth, "auth", () => true);
  if (auth !== undefined || isBoth) {
    writeLogins(readValue(authSchema, logins) ?? {}, logins, writer);
  }
  logins.mistakes.throwIfAny();
  for (const [key, node] of isBoth ? root.entries() : []) {
    const isRead = key === "images" || key === "auth" && auth === undefined;
    if (!isRead && node.exists) {
      writer.omit(
        key === "auth"
          ? "auth, because there is a separate file with credentials"
          : `${key}: unknown key`,
      );
    }
  }
  for (const [source, node] of (isBoth ? root.at("images") : root).entries()) {
    if (!node.exists) {
      writer.omit(`${source}: it has no target, which image-syncer rejects as well`);
      continue;
    }
    const targets = Array.isArray(node.value)
      ? readValue(targetsSchema, node) ?? []
      : [readValue(text, node)].filter((target) => target !== undefined);
    for (const target of new Set(targets)) writeRules(source, target, node, writer);
  }
  root.mistakes.throwIfAny();
  return writer.finish();
}

function writeLogins(
  logins: NonNullable<z.output<typeof authSchema>>,
  node: ConfigNode,
  writer: ConfigWriter,
): void {
  const hosts = new Set<string>();
  // The entry of a registry has priority over those of its namespaces.
  for (const key of Object.keys(logins).sort((a, b) => a.length - b.length)) {
    const { username, password, insecure } = logins[key] ?? {};
    const registry = node.at(key).try(() => toRegistry(key));
    if (registry === undefined) continue;
    if (insecure) writer.insecure(registry);
    if (username === undefined && password === undefined) continue;
    if (key.includes("/")) {
      writer.note(
        hosts.has(registry)
          ? `${key}: its credential is dropped; the config has one credential for all of ${registry}`
          : `${key}: its credential is used for all of ${registry}`,
      );
    }
    if (hosts.has(registry)) continue;
    hosts.add(registry);
    const [user, pass] = [username ?? "", password ?? ""].map(toVariable);
    if (user !== undefined && pass !== undefined) writer.creds({ registry, user, pass });
    else writer.login(registry);
  }
}

/** A template, if the text is only a variable. */
function toVariable(text: string): string | undefined {
  const name = /^\$(?:\{(\w+)\}|(\w+))$/.exec(text)?.slice(1).find(Boolean);
  return name === undefined ? undefined : env(name);
}

/** A repository with tags, an expression for tags, a digest, or nothing. */
interface Name {
  readonly repository: string;
  readonly tags: readonly string[];
  readonly expression?: string;
  readonly digest?: string;
}

function parseName(text: string): Name {
  const [, start = "", expression] = /^(.*?):\/(.*)\/$/s.exec(text) ?? [];
  if (expression !== undefined) return { repository: start, tags: [], expression };
  const [name = "", digest] = text.split("@");
  const colon = name.indexOf(":", name.lastIndexOf("/") + 1);
  const tags = colon < 0 ? [] : name.slice(colon + 1).split(",");
  return {
    repository: colon < 0 ? name : name.slice(0, colon),
    tags,
    ...(digest === undefined ? {} : { digest }),
  };
}

function writeRules(
  sourceText: string,
  targetText: string,
  node: ConfigNode,
  writer: ConfigWriter,
): void {
  const from = parseName(sourceText);
  const to = parseName(targetText);
  const source = node.try(() => formatReference(parseRepository(from.repository)));
  if (source === undefined) return;
  if (from.expression !== undefined && !isExpression(from.expression, node)) return;
  const target = to.repository.replace(/\$(?:\{(\w+)\}|(\w+))/g, (_, a, b) => env(a ?? b));
  if (from.digest !== undefined) {
    const place = to.tags[0] === undefined ? `@${to.digest ?? from.digest}` : `:${to.tags[0]}`;
    writer.rule({ source: `${source}@${from.digest}`, target: target + place, type: "image" });
    return;
  }
  if (to.tags.length === 0) {
    const allow = from.expression !== undefined
      ? [toUnanchored(from.expression)]
      : toTagPatterns(from.tags, sourceText, writer);
    // Without a selection, a rule would copy all tags.
    if (from.tags.length > 0 && allow.length === 0) return;
    const tags: TagsEntry | undefined = allow.length > 0 ? { allow } : undefined;
    writer.rule({ source, target, type: "repository", ...(tags ? { tags } : {}) });
    return;
  }
  if (from.tags.length !== to.tags.length) {
    writer.omit(`${sourceText} to ${targetText}: they have different numbers of tags`);
    return;
  }
  from.tags.forEach((tag, i) => {
    writer.rule({ source: `${source}:${tag}`, target: `${target}:${to.tags[i]}`, type: "image" });
  });
}
