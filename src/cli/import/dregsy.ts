/** https://github.com/xelalexv/dregsy#configuration */
import * as z from "zod";
import { formatReference, parseRepository } from "../../oci/reference.ts";
import type { ConfigNode } from "../../config/config_node.ts";
import { readValue } from "../../config/read_keys.ts";
import { readYaml } from "../../config/read_yaml.ts";
import { flag, text, whole } from "../../config/scalars.ts";
import { ParseError } from "../../errors.ts";
import { quote } from "../../oci/quote.ts";
import { ConfigWriter, isExpression, toRegistry, toTagPatterns } from "./imported.ts";
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
  dockerhost: text.optional(),
  "api-version": text.optional(),
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

/** Keys whose values hold secrets, or options of other programs. */
const SECRET_KEYS = ["auth", "docker", "skopeo"];

type Location = z.output<typeof locationSchema>;
type Mapping = z.output<typeof mappingSchema>;

/**
 * Converts a file for dregsy to a config.
 *
 * @param from the name of the file in messages: `dregsy.yaml`
 * @throws {SyncConfigError} if the file is invalid
 */
export function importDregsy(file: string, from: string): Imported {
  const root = readYaml(file, from, (path) => SECRET_KEYS.some((key) => path.includes(key)));
  const { tasks = [], ...unused } = readValue(schema, root) ?? {};
  root.mistakes.throwIfAny();
  const writer = new ConfigWriter("dregsy");
  const names = new Set<string>();
  for (const [key, value] of Object.entries(unused)) {
    if (value !== undefined) {
      writer.note(`${key} is dropped; crossdock copies and lists without another program`);
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
        ...toName(rules.length > 1 ? `${name}-${r + 1}` : name, names),
        ...rule,
        ...(interval ? { interval: `${interval}s` } : {}),
      });
    });
  });
  root.mistakes.throwIfAny();
  return writer.finish();
}

/** A name for a rule, unless another rule has it, or nothing of it can be part of a name. */
function toName(text: string, names: Set<string>): { name?: string } {
  const name = text.replace(/[^A-Za-z0-9._:/@-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "");
  if (name === "" || names.has(name)) return {};
  names.add(name);
  return { name };
}

function readLocation(
  location: Location,
  node: ConfigNode,
  writer: ConfigWriter,
): string | undefined {
  const registry = node.at("registry").try(() => {
    const host = location.registry.replace(/^https?:\/\//, "").replace(/\/+$/, "");
    if (!host.includes("/")) return toRegistry(host);
    throw new ParseError(`${quote(host)} has a path; write it into from and to of the mappings`);
  });
  if (registry === undefined) return undefined;
  if (location.auth !== undefined && location.auth !== "none") writer.login(registry);
  if (location["skip-tls-verify"]) writer.insecure(registry);
  if (location["auth-refresh"] !== undefined) {
    writer.note(
      `${registry}: auth-refresh is dropped; crossdock renews cloud credentials automatically`,
    );
  }
  if (location.lister !== undefined) {
    writer.note(
      `${registry}: lister is dropped; crossdock lists repositories with the registry's catalog API`,
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
      "dregsy copies one platform unless platform: all is set; this config copies all platforms",
    );
  }
  const one = platform === undefined || platform === "all" ? {} : { platform };
  if (to?.startsWith(REGEX)) {
    writer.omit(
      `${source}/${from}: rules cannot rename repositories by a regular expression (${to})`,
    );
    return [];
  }
  const place = to === undefined ? "" : `/${trim(to)}`;
  const { digests, sets } = readTags(tags, `${source}/${from}`, { node: node.at("tags"), writer });
  // Without a selection, a rule would copy all tags.
  if (tags.length > 0 && digests.length + sets.length === 0) return [];
  const selected: Pick<SyncEntry, "tags" | "tagSets"> = sets.length === 1 && sets[0]
    ? { tags: sets[0] }
    : sets.length > 1
    ? { tagSets: sets }
    : {};
  if (from.startsWith(REGEX)) {
    if (digests.length > 0) {
      writer.omit(`${source}/${from}: digests in tags, because each belongs to one repository`);
      if (sets.length === 0) return [];
    }
    const expression = from.slice(REGEX.length).trim();
    if (!isExpression(expression, node.at("from"))) return [];
    const repos = { allow: [expression] };
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

/** Tag names, ranges and expressions become one tag set each. `keep:` then narrows all sets except the one of names. */
function readTags(
  tags: readonly string[],
  what: string,
  { node, writer }: Pick<MappingContext, "node" | "writer">,
): Tags {
  const names: string[] = [];
  const digests: { tag?: string; digest: string }[] = [];
  const filters: TagsEntry[] = [];
  const keep: TagsEntry = {};
  for (const [i, item] of tags.map((tag) => tag.trim()).entries()) {
    const [, kind, rest = ""] = /^(semver|regex|keep):\s*(.*)$/s.exec(item) ?? [];
    const [, count] = /^latest\s+([0-9]+)$/.exec(rest) ?? [];
    if (kind === undefined) {
      const [, tag, digest] = /^(?:([^@]+)@)?(sha256:[0-9a-f]{64})$/.exec(item) ?? [];
      if (digest === undefined) names.push(item);
      else digests.push({ digest, ...(tag === undefined ? {} : { tag }) });
      continue;
    }
    if (kind === "semver") {
      const semverRange = convertRange(rest, "blang");
      if (semverRange) filters.push({ semverRange });
      else writer.omit(`${what}: the version range "${rest}" is not supported`);
      continue;
    }
    if (count === undefined && !isExpression(rest.replace(/^!/, ""), node.at(i))) continue;
    if (kind === "regex") {
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
      `${what}: keep: latest ${keep.latest} counts only versions, separately for each filter, and not the tags listed by name`,
    );
  }
  const allow = toTagPatterns(names, what, writer);
  const named: TagsEntry[] = allow.length > 0 ? [{ allow }] : [];
  const all = [...named, ...sets];
  return { digests, sets: all };
}

function narrow(
  filter: TagsEntry,
  { allow = [], deny = [], latest }: TagsEntry,
  what: string,
  writer: ConfigWriter,
): TagsEntry {
  const denied = [...filter.deny ?? [], ...deny];
  // The expressions in `allow` are alternatives, so a set cannot require two of them.
  const [only, ...others] = [...filter.allow ?? [], ...allow];
  if (others.length > 0) {
    writer.omit(
      `${what}: keep: ${allow.join(", ")}, because a tag set cannot require two expressions`,
    );
  }
  return {
    ...(only === undefined ? {} : { allow: [only] }),
    ...(denied.length > 0 ? { deny: denied } : {}),
    ...(filter.semverRange ? { semverRange: filter.semverRange } : {}),
    ...(latest === undefined ? {} : { latest }),
  };
}
