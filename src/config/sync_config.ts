/** Reads `crossdock.yaml`, and the files of regsync without changes. docs/sync.md. */
import type { AdmissionPolicy } from "../admission/policy.ts";
import type { ReceiptSettings } from "../receipts/key.ts";
import type { ConfigNode } from "./config_node.ts";
import type { SyncMistake } from "./mistakes.ts";
import type { ReadAdmission } from "./read_admission.ts";
import { readInherited } from "./read_inherited.ts";
import { readKeys } from "./read_keys.ts";
import { readReceipt } from "./read_receipt.ts";
import { readRegistries } from "./read_registries.ts";
import { readRule } from "./read_rule.ts";
import type { ReadRuleOptions } from "./read_rule.ts";
import { readYaml } from "./read_yaml.ts";
import type { RegistrySettings } from "./registries.ts";
import { createRenderer } from "./render_at.ts";
import type { SyncRule } from "../sync/rule.ts";
import { defaultsSchema, outerSchema, ruleSchema } from "./schema.ts";
import type { TemplateInputs } from "../template/functions.ts";
import { UNREAD_KEYS } from "./unread_keys.ts";
import { readWebhooks } from "./webhook_settings.ts";
import type { WebhookSettings } from "./webhook_settings.ts";

/** The content of a configuration file. Holds secrets: do not log it. */
export interface SyncConfig {
  readonly rules: readonly SyncRule[];
  /** One for each host in `creds`. */
  readonly registries: readonly RegistrySettings[];
  /** The largest number of copies at the same time, over all rules. */
  readonly parallel: number;
  /** Whether credentials of docker's config are used as well, where there is one. */
  readonly dockerConfig: boolean;
  readonly webhooks: WebhookSettings;
  /** The admission policy; `unread` if the file has one, and nothing reads it here. Absent if the file has none. */
  readonly admission?: AdmissionPolicy | "unread";
  /** The key of receipts. Absent if the file has none. */
  readonly receipt?: ReceiptSettings;
}

export interface ParseSyncConfigOptions extends Omit<TemplateInputs, "onMissing"> {
  /** The name of the file in mistakes: `crossdock.yaml`. */
  readonly from: string;
  /** Whether rules may name folders and files: `oci:` and `ocidir://`. Default: false. */
  readonly allowsLocal?: boolean;
  /** Whether the host can run the programs that `credHelper` names. Default: false. */
  readonly allowsHelpers?: boolean;
  /** Reads `admission`: `readAdmission()`, on hosts that verify signatures. */
  readonly readAdmission?: ReadAdmission | undefined;
}

/** regsync's default is 1. */
const DEFAULT_PARALLEL = 4;

/**
 * Reads a configuration.
 *
 * @throws {SyncConfigError} with every mistake of the text, each with its line and key
 */
export function parseSyncConfig(
  text: string,
  { from, allowsLocal = false, allowsHelpers = false, readAdmission, ...inputs }:
    ParseSyncConfigOptions,
): { config: SyncConfig; warnings: readonly SyncMistake[] } {
  const file = readYaml(text, from);
  const render = createRenderer(inputs);
  readKeys(outerSchema, file);
  const defaultsNode = file.at("defaults");
  const defaults = readKeys(defaultsSchema, defaultsNode, UNREAD_KEYS.defaults) ?? {};
  const { settings, aliases } = readRegistries(file.at("creds"), render, { allowsHelpers });
  const rules = readRules(file.at("sync"), {
    render,
    aliases,
    allowsLocal,
    defaults: readInherited(defaults, defaultsNode),
  });
  const receipt = readReceipt(file, render);
  const config: SyncConfig = {
    rules,
    registries: settings,
    parallel: defaults.parallel || DEFAULT_PARALLEL,
    dockerConfig: !defaults.skipDockerConfig,
    webhooks: readWebhooks(file.at("webhooks"), render),
    // A key without a value must not admit everything.
    ...(Object.hasOwn(Object(file.value), "admission")
      ? { admission: readAdmission?.(file.at("admission"), render) ?? "unread" }
      : {}),
    ...(receipt ? { receipt } : {}),
  };
  file.mistakes.throwIfAny();
  return { config, warnings: file.mistakes.warnings };
}

function readRules(node: ConfigNode, context: ReadRuleOptions): SyncRule[] {
  const places = new Map<string, number>();
  const images = new Map<string, SyncRule["source"]>();
  const rules: SyncRule[] = [];
  for (const [i, entry] of node.items().entries()) {
    const raw = readKeys(ruleSchema, entry, UNREAD_KEYS.sync);
    if (!raw) continue;
    const { name = "" } = raw;
    const other = places.get(name);
    if (other !== undefined) entry.at("name").addMistake(`sync[${other}] has the same name`);
    else if (name !== "") places.set(name, i);
    const rule = readRule(raw, entry, context);
    if (!rule) continue;
    rules.push({ name, ...rule });
    for (const target of rule.type === "image" ? rule.targets : []) {
      const source = images.get(target) ?? rule.source;
      if (source !== rule.source) {
        entry.addWarning(
          `${target} is also the target of ${source}, so each run copies both there`,
        );
      }
      images.set(target, source);
    }
  }
  // Names of the file come first, wherever they are in it.
  const names = new Set(places.keys());
  return rules.map((rule) =>
    rule.name === "" ? { ...rule, name: makeName(rule.source, names) } : rule
  );
}

/** Names a rule after its source. The second rule with a source gets `#2`. */
function makeName(source: string, names: Set<string>): string {
  let name = source;
  for (let i = 2; names.has(name); i++) name = `${source}#${i}`;
  names.add(name);
  return name;
}
