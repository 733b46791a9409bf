import { stringify } from "yaml";
import { quote } from "../../oci/quote.ts";
import { isLoopbackRegistry, isTag, parseRegistry } from "../../oci/reference.ts";
import type { ConfigNode } from "../../config/config_node.ts";
import { compilePattern } from "../../sync/pattern.ts";

/** The config that another program's file was converted to. */
export interface Imported {
  /** A `crossdock.yaml`. It contains variables instead of the file's secrets; the notes name them. */
  readonly text: string;
  /** What differs from the file, and what to do about it: one sentence each. */
  readonly notes: readonly string[];
  /** What the file copies and the config does not, and why: one sentence each. */
  readonly omitted: readonly string[];
}

/** An entry of `creds`, in the order of its keys. */
export interface CredsEntry {
  registry: string;
  user?: string;
  pass?: string;
  token?: string;
  tls?: "insecure" | "disabled";
}

/** An entry of `sync`, in the order of its keys. */
export interface SyncEntry {
  name?: string;
  source: string;
  target: string;
  type: "image" | "repository" | "registry";
  tags?: TagsEntry;
  tagSets?: readonly TagsEntry[];
  repos?: { allow: string[] };
  platform?: string;
  interval?: string;
}

export interface TagsEntry {
  allow?: string[];
  deny?: string[];
  semverRange?: string[];
  latest?: number;
}

/** Collects the entries of a config, and the notes about it. */
export class ConfigWriter {
  readonly #from: string;
  readonly #creds = new Map<string, CredsEntry>();
  readonly #sync: SyncEntry[] = [];
  readonly #notes = new Set<string>();
  readonly #omitted = new Set<string>();

  /** @param from the program, for the comment at the top: `skopeo sync` */
  constructor(from: string) {
    this.#from = from;
  }

  note(text: string): void {
    this.#notes.add(text);
  }

  /** Reports something that the file copies and the config does not. */
  omit(text: string): void {
    this.#omitted.add(text);
  }

  rule(entry: SyncEntry): void {
    this.#sync.push(entry);
  }

  /** Adds keys to the entry of a registry. */
  creds(entry: CredsEntry): void {
    this.#creds.set(entry.registry, { ...this.#creds.get(entry.registry), ...entry });
  }

  /** Adds variables for the user and the password of a registry. */
  login(registry: string): void {
    const name = variableName(registry);
    this.creds({ registry, user: env(`${name}_USER`), pass: env(`${name}_PASS`) });
    this.note(`${registry}: set ${name}_USER and ${name}_PASS; the config contains no credentials`);
  }

  /** Adds a variable for the identity token of a registry. */
  identity(registry: string): void {
    const name = `${variableName(registry)}_TOKEN`;
    this.creds({ registry, token: env(name) });
    this.note(`${registry}: set ${name} to the identity token; the config contains no credentials`);
  }

  /**
   * Turns certificate checks off for a registry. Other programs use the same setting for plain HTTP, which most registries on
   * loopback have.
   */
  insecure(registry: string): void {
    const isPlain = isLoopbackRegistry(registry);
    this.creds({ registry, tls: isPlain ? "disabled" : "insecure" });
    this.note(
      isPlain
        ? `${registry}: its tls is disabled, which is plain HTTP; for HTTPS change it to insecure`
        : `${registry}: for plain HTTP change its tls to disabled`,
    );
  }

  finish(): Imported {
    if (this.#sync.length === 0) this.omit("the config has no rules");
    const config = {
      version: 1,
      ...(this.#creds.size > 0 ? { creds: [...this.#creds.values()] } : {}),
      sync: this.#sync,
    };
    const text = `# Converted by crossdock import from a file for ${this.#from}.\n${
      stringify(config, { lineWidth: 100 })
    }`;
    return { text, notes: [...this.#notes], omitted: [...this.#omitted] };
  }
}

/** A template for a variable. */
export function env(name: string): string {
  return `{{ env "${name}" }}`;
}

/** `ghcr.io` gives GHCR_IO, `10.0.0.1:5000` gives REGISTRY_10_0_0_1_5000. */
export function variableName(registry: string): string {
  const name = registry.toUpperCase().split(/[^A-Z0-9]+/).filter((part) => part !== "").join("_");
  return /^[0-9]/.test(name) ? `REGISTRY_${name}` : name;
}

/** The normalized name of a registry. */
export function toRegistry(name: string): string {
  const host = name.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
  return host === "registry.hub.docker.com" ? "docker.io" : parseRegistry(host);
}

/** A pattern that matches only this text. */
function toLiteral(text: string): string {
  return text.replace(/[\\^$.|?*+()[\]{}]/g, "\\$&");
}

/** Patterns for tags. What cannot be a tag is not converted. */
export function toTagPatterns(
  tags: readonly string[],
  what: string,
  writer: Pick<ConfigWriter, "omit">,
): string[] {
  return tags.filter((tag) => {
    if (isTag(tag)) return true;
    writer.omit(`${what}: ${quote(tag)} is not a tag`);
    return false;
  }).map(toLiteral);
}

/** Whether the value of a node contains a valid regular expression. A mistake is reported otherwise. */
export function isExpression(expression: string, node: ConfigNode): boolean {
  return node.try(() => compilePattern(expression)) !== undefined;
}

/** A pattern that matches where an unanchored expression does: anywhere in a text. */
export function toUnanchored(expression: string): string {
  return `.*(?:${expression}).*`;
}
