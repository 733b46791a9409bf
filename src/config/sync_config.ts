/** `crossdock.yaml`, and regsync's files as they are: what is mirrored where. docs/sync.md. */
import { checkShape, takeUnreadKeys } from "./check_shape.ts";
import type { Mistakes, SyncMistake } from "./mistakes.ts";
import { readInherited } from "./read_inherited.ts";
import { readRule } from "./read_rule.ts";
import type { RuleContext } from "./read_rule.ts";
import { readYaml } from "./read_yaml.ts";
import { readRegistries } from "./registries.ts";
import type { RegistrySettings } from "./registries.ts";
import { createRenderer } from "./render_at.ts";
import type { SyncRule } from "../sync/rule.ts";
import { credsSchema, defaultsSchema, outerSchema, ruleSchema, webhooksSchema } from "./schema.ts";
import type { Surroundings } from "../template/functions.ts";
import { readWebhooks } from "./webhook_settings.ts";
import type { WebhookSettings } from "./webhook_settings.ts";

/** A config, read. Holds secrets: not for logs. */
export interface SyncConfig {
  readonly rules: readonly SyncRule[];
  /** One for each registry that `creds` name. */
  readonly registries: readonly RegistrySettings[];
  /** Copies at once, over all rules. */
  readonly parallel: number;
  /** Whether credentials of docker's config are used, too, where there is one. */
  readonly dockerConfig: boolean;
  readonly webhooks: WebhookSettings;
}

export interface ParseSyncConfigOptions extends Omit<Surroundings, "onMissing"> {
  /** What mistakes call the file: `crossdock.yaml`. */
  readonly from: string;
}

/** regsync copies one image at a time unless it is told otherwise. */
const DEFAULT_PARALLEL = 4;

/**
 * Reads a config.
 *
 * @throws {SyncConfigError} with every mistake that was found, each with its line and key
 */
export function parseSyncConfig(
  text: string,
  { from, ...surroundings }: ParseSyncConfigOptions,
): { config: SyncConfig; warnings: readonly SyncMistake[] } {
  const { value, mistakes } = readYaml(text, from);
  const outer = checkShape(outerSchema, value ?? {}, [], mistakes) ?? toOuter(value);
  const render = createRenderer(mistakes, surroundings);
  const read = takeUnreadKeys("defaults", outer.defaults ?? {}, ["defaults"], mistakes);
  const defaults = checkShape(defaultsSchema, read, ["defaults"], mistakes) ?? {};
  const creds = outer.creds.map((entry, i) =>
    checkShape(
      credsSchema,
      takeUnreadKeys("creds", entry, ["creds", i], mistakes),
      ["creds", i],
      mistakes,
    )
  );
  const { settings, aliases } = readRegistries(creds, mistakes, render);
  const context = {
    mistakes,
    render,
    aliases,
    defaults: readInherited(defaults, ["defaults"], mistakes),
  };
  const rules = readRules(outer.sync, context);
  const webhooks = checkShape(webhooksSchema, outer.webhooks ?? {}, ["webhooks"], mistakes);
  const config: SyncConfig = {
    rules,
    registries: settings,
    parallel: defaults.parallel || DEFAULT_PARALLEL,
    dockerConfig: !defaults.skipDockerConfig,
    webhooks: readWebhooks(webhooks, mistakes, render),
  };
  mistakes.throwIfAny();
  return { config, warnings: mistakes.warnings };
}

/** The lists of a file whose outer shape is wrong, as far as they are some, so that what is in them is checked as well. */
function toOuter(value: unknown): typeof outerSchema["_output"] {
  const { creds, defaults, sync, webhooks } = (value ?? {}) as Record<string, unknown>;
  return {
    creds: Array.isArray(creds) ? creds : [],
    sync: Array.isArray(sync) ? sync : [],
    defaults,
    webhooks,
  };
}

function readRules(entries: readonly unknown[], context: RuleContext): SyncRule[] {
  const { mistakes } = context;
  const names = new Map<string, number>();
  const rules: SyncRule[] = [];
  const unnamed: { readonly at: number; readonly rule: Omit<SyncRule, "name"> }[] = [];
  entries.forEach((entry, i) => {
    const path = ["sync", i];
    const raw = checkShape(
      ruleSchema,
      takeUnreadKeys("sync", entry, path, mistakes),
      path,
      mistakes,
    );
    if (!raw) return;
    // What else is wrong depends on it.
    if (mistakes.has([...path, "type"])) raw.type = guessType(raw.source);
    if (raw.name !== undefined) checkName(raw.name, i, names, mistakes);
    const rule = readRule(raw, path, context);
    if (!rule) return;
    if (raw.name === undefined) unnamed.push({ at: rules.length, rule });
    rules.push({ name: raw.name ?? "", ...rule });
  });
  for (const { at, rule } of unnamed) {
    const name = makeName(rule.source, names);
    names.set(name, at);
    rules[at] = { name, ...rule };
  }
  return rules;
}

/** What a rule is about whose `type` is wrong. */
function guessType(source: string): SyncRule["type"] {
  if (/^([^/:]*\.[^/:]*|localhost)(:\d+)?$/.test(source)) return "registry";
  return /[:@][^/]*$/.test(source) ? "image" : "repository";
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,254}$/;

function checkName(name: string, i: number, names: Map<string, number>, mistakes: Mistakes): void {
  const path = ["sync", i, "name"];
  const other = names.get(name);
  if (!NAME.test(name)) mistakes.add(path, "want letters, digits and . _ : / @ - after the first");
  else if (other !== undefined) mistakes.add(path, `sync[${other}] has that name already`);
  else names.set(name, i);
}

/** A rule without a name is called by its source, the second of a source by that and `#2`. */
function makeName(source: string, names: ReadonlyMap<string, number>): string {
  let name = source;
  for (let i = 2; names.has(name); i++) name = `${source}#${i}`;
  return name;
}
