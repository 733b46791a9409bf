/** https://github.com/xelalexv/dregsy#configuration */
import * as z from "zod";
import { formatReference, parseRepository } from "../../oci/reference.ts";
import type { ConfigNode } from "../../config/config_node.ts";
import { readValue } from "../../config/read_keys.ts";
import { readYaml } from "../../config/read_yaml.ts";
import { flag, text, whole } from "../../config/scalars.ts";
import { ConfigWriter, toLiteral, toRegistry } from "./imported.ts";
import type { Imported, SyncEntry, TagsEntry } from "./imported.ts";
import { convertRange } from "./version_range.ts";

const locationSchema = z.strictObject({
  registry: text,
  auth: text.optional(),
  "auth-refresh": text.optional(),
  "skip-tls-verify": flag.optional(),
  lister: z.record(z.string(), text).optional(),
});

const mappingSchema = z.strictObject({
  from: text,
  to: text.optional(),
  tags: z.array(text).optional(),
  platform: text.optional(),
});

const schema = z.strictObject({
  relay: text.optional(),
  watch: flag.optional(),
  skopeo: z.record(z.string(), z.unknown()).optional(),
  docker: z.record(z.string(), z.unknown()).optional(),
  lister: z.record(z.string(), z.unknown()).optional(),
  tasks: z.array(z.strictObject({
    name: text,
    interval: whole(0, 1_000_000_000).optional(),
    verbose: flag.optional(),
    source: locationSchema,
    target: locationSchema,
    mappings: z.array(mappingSchema),
  })).optional(),
}).optional();

type Location = z.output<typeof locationSchema>;
type Mapping = z.output<typeof mappingSchema>;

/**
 * Turns a file for dregsy into a config.
 *
 * @param from what the file is called, in mistakes: `dregsy.yaml`
 * @throws {SyncConfigError} if it is none
 */
export function importDregsy(file: string, from: string): Imported {
  const root = readYaml(file, from);
  const { tasks = [], relay, watch, skopeo, docker, lister } = readValue(schema, root) ?? {};
  root.mistakes.throwIfAny();
  const writer = new ConfigWriter("dregsy");
  const idle = { relay, watch, skopeo, docker, lister };
  for (const [key, value] of Object.entries(idle)) {
    if (value !== undefined) {
      writer.note(`${key} is not kept: nothing is relayed or listed by another program`);
    }
  }
  tasks.forEach(({ name, interval, source, target, mappings }, i) => {
    const task = root.at("tasks", i);
    const sourceRegistry = readLocation(source, task.at("source"), writer);
    const targetRegistry = readLocation(target, task.at("target"), writer);
    if (sourceRegistry === undefined || targetRegistry === undefined) return;
    const rules: SyncEntry[] = mappings.flatMap((mapping, m) =>
      toRules(mapping, {
        source: sourceRegistry,
        target: targetRegistry,
        node: task.at("mappings", m),
        writer,
      })
    );
    rules.forEach((rule, r) => {
      writer.rule({
        name: toName(rules.length > 1 ? `${name}-${r + 1}` : name),
        ...rule,
        ...(interval ? { interval: `${interval}s` } : {}),
      });
    });
  });
  root.mistakes.throwIfAny();
  return writer.finish();
}

function toName(name: string): string {
  return name.replace(/[^A-Za-z0-9._:/@-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "");
}

function readLocation(
  location: Location,
  node: ConfigNode,
  writer: ConfigWriter,
): string | undefined {
  const registry = node.at("registry").try(() => toRegistry(location.registry));
  if (registry === undefined) return undefined;
  if (location.auth !== undefined && location.auth !== "none") writer.login(registry);
  if (location["skip-tls-verify"]) writer.insecure(registry);
  if (location["auth-refresh"] !== undefined) {
    writer.note(
      `${registry}: auth-refresh is not kept, credentials of clouds are renewed by themselves`,
    );
  }
  if (location.lister !== undefined) {
    writer.note(
      `${registry}: its lister is not kept, repositories are listed by the registry's catalog`,
    );
  }
  return registry;
}

interface MappingContext {
  readonly source: string;
  readonly target: string;
  readonly node: ConfigNode;
  readonly writer: ConfigWriter;
}

const REGEX = "regex:";

function toRules(mapping: Mapping, context: MappingContext): SyncEntry[] {
  const { from, to, tags = [], platform } = mapping;
  const { source, target, node, writer } = context;
  if (platform === undefined) {
    writer.note(
      "dregsy copies the image of one platform unless it is told platform: all; here whole indexes are copied",
    );
  }
  const one = platform === undefined || platform === "all" ? {} : { platform };
  if (to?.startsWith(REGEX)) {
    writer.note(
      `${source}/${from}: no rule is made of it, since names cannot be changed by an expression (${to})`,
    );
    return [];
  }
  const place = to === undefined ? "" : `/${trim(to)}`;
  const { digests, sets } = readTags(tags, `${source}/${from}`, writer);
  const selected: Pick<SyncEntry, "tags" | "tagSets"> = sets.length === 1 && sets[0]
    ? { tags: sets[0] }
    : sets.length > 1
    ? { tagSets: sets }
    : {};
  if (from.startsWith(REGEX)) {
    if (digests.length > 0) {
      writer.note(
        `${source}/${from}: its digests are not kept, since they are for one repository each`,
      );
    }
    const repos = { allow: [from.slice(REGEX.length).trim()] };
    return [{ source, target: target + place, type: "registry", ...selected, repos, ...one }];
  }
  const name = node.at("from").try(() =>
    formatReference(parseRepository(`${source}/${trim(from)}`))
  );
  if (name === undefined) return [];
  const targetName = place === "" ? `${target}/${trim(from)}` : target + place;
  const images = digests.map(({ tag, digest }): SyncEntry => ({
    source: `${name}@${digest}`,
    target: targetName + (tag === undefined ? `@${digest}` : `:${tag}`),
    type: "image",
  }));
  const isAll = sets.length > 0 || digests.length === 0;
  const rest: SyncEntry = {
    source: name,
    target: targetName,
    type: "repository",
    ...selected,
    ...one,
  };
  return isAll ? [...images, rest] : images;
}

function trim(path: string): string {
  return path.replace(/^\/+|\/+$/g, "");
}

interface Tags {
  readonly digests: readonly { readonly tag?: string; readonly digest: string }[];
  readonly sets: readonly TagsEntry[];
}

/** Tags by name, by range and by expression are each a set; `keep:` then narrows all but those by name. */
function readTags(tags: readonly string[], what: string, writer: ConfigWriter): Tags {
  const names: string[] = [];
  const digests: { tag?: string; digest: string }[] = [];
  const filters: TagsEntry[] = [];
  const keep: TagsEntry = {};
  for (const item of tags.map((tag) => tag.trim())) {
    const [, kind, rest = ""] = /^(semver|regex|keep):\s*(.*)$/s.exec(item) ?? [];
    const [, count] = /^latest\s+([0-9]+)$/.exec(rest) ?? [];
    if (kind === undefined) {
      const [, tag, digest] = /^(?:([^@]+)@)?(sha256:[0-9a-f]{64})$/.exec(item) ?? [];
      if (digest === undefined) names.push(item);
      else digests.push({ digest, ...(tag === undefined ? {} : { tag }) });
    } else if (kind === "semver") {
      const semverRange = convertRange(rest, "blang");
      if (semverRange) filters.push({ semverRange });
      else writer.note(`${what}: the range "${rest}" cannot be said here and is not kept`);
    } else if (kind === "regex") {
      filters.push(rest.startsWith("!") ? { deny: [rest.slice(1)] } : { allow: [rest] });
    } else if (count !== undefined) {
      keep.latest = Number(count);
    } else if (rest.startsWith("!")) keep.deny = [...keep.deny ?? [], rest.slice(1)];
    else keep.allow = [...keep.allow ?? [], rest];
  }
  const hasFilters = tags.some((tag) => /^\s*(semver|regex):/.test(tag));
  const narrowed = hasFilters || names.length + digests.length > 0 ? filters : [{}];
  const sets = narrowed.map((filter) => narrow(filter, keep, what, writer));
  if (keep.latest !== undefined && narrowed.length > 0) {
    writer.note(
      `${what}: keep: latest ${keep.latest} counts versions only, of each filter by itself and without the tags that are named`,
    );
  }
  const named: TagsEntry[] = names.length > 0 ? [{ allow: names.map(toLiteral) }] : [];
  const all = [...named, ...sets];
  return { digests, sets: all.every((set) => Object.keys(set).length === 0) ? [] : all };
}

function narrow(
  filter: TagsEntry,
  { allow = [], deny = [], latest }: TagsEntry,
  what: string,
  writer: ConfigWriter,
): TagsEntry {
  const denied = [...filter.deny ?? [], ...deny];
  // Expressions of one list are alternatives, so that only one can be asked for.
  const [only, ...others] = [...filter.allow ?? [], ...allow];
  if (others.length > 0) {
    writer.note(`${what}: keep: ${allow.join(", ")} is not kept beside another expression`);
  }
  return {
    ...(only === undefined ? {} : { allow: [only] }),
    ...(denied.length > 0 ? { deny: denied } : {}),
    ...(filter.semverRange ? { semverRange: filter.semverRange } : {}),
    ...(latest === undefined ? {} : { latest }),
  };
}
