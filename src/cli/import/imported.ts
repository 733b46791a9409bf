import { stringify } from "yaml";
import { parseRegistry } from "../../oci/reference.ts";

/** What became of another program's file. */
export interface Imported {
  /** A `crossdock.yaml`. No secret is in it: those of the file are variables now, which the notes name. */
  readonly text: string;
  /** What is not as it was, a sentence each. */
  readonly notes: readonly string[];
}

/** An entry of `creds`, in the order of its keys. */
export interface CredsEntry {
  registry: string;
  user?: string;
  pass?: string;
  token?: string;
  tls?: "insecure";
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

/** Gathers a config. */
export class ConfigWriter {
  readonly #from: string;
  readonly #creds = new Map<string, CredsEntry>();
  readonly #sync: SyncEntry[] = [];
  readonly #notes = new Set<string>();

  /** @param from the program, for the first line: `skopeo sync` */
  constructor(from: string) {
    this.#from = from;
  }

  note(text: string): void {
    this.#notes.add(text);
  }

  rule(entry: SyncEntry): void {
    this.#sync.push(entry);
  }

  /** Adds to what is said of a registry. */
  creds(entry: CredsEntry): void {
    this.#creds.set(entry.registry, { ...this.#creds.get(entry.registry), ...entry });
  }

  /** Says that a registry has a user and a password, in variables. */
  login(registry: string): void {
    const name = variableName(registry);
    this.creds({ registry, user: env(`${name}_USER`), pass: env(`${name}_PASS`) });
    this.note(`${registry}: set ${name}_USER and ${name}_PASS, its credential is not written here`);
  }

  /** Says that a registry has an identity token, in a variable. */
  identity(registry: string): void {
    const name = `${variableName(registry)}_TOKEN`;
    this.creds({ registry, token: env(name) });
    this.note(`${registry}: set ${name}, its identity token is not written here`);
  }

  /** Says that a registry's certificate is not checked. Elsewhere that may stand for plain HTTP as well, which is said here. */
  insecure(registry: string): void {
    this.creds({ registry, tls: "insecure" });
    this.note(`${registry}: write \`tls: disabled\` if it speaks plain HTTP`);
  }

  finish(): Imported {
    const config = {
      version: 1,
      ...(this.#creds.size > 0 ? { creds: [...this.#creds.values()] } : {}),
      sync: this.#sync,
    };
    const text = `# Made of a file for ${this.#from}.\n${stringify(config, { lineWidth: 100 })}`;
    return { text, notes: [...this.#notes] };
  }
}

/** A template for a variable. */
export function env(name: string): string {
  return `{{ env "${name}" }}`;
}

/** `ghcr.io` gives GHCR_IO, `10.0.0.1:5000` gives REGISTRY_10_0_0_1_5000. */
function variableName(registry: string): string {
  const name = registry.toUpperCase().split(/[^A-Z0-9]+/).filter((part) => part !== "").join("_");
  return /^[0-9]/.test(name) ? `REGISTRY_${name}` : name;
}

/** A registry in its one spelling. */
export function toRegistry(name: string): string {
  const host = name.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
  return host === "registry.hub.docker.com" ? "docker.io" : parseRegistry(host);
}

/** A pattern that takes this text alone. */
export function toLiteral(text: string): string {
  return text.replace(/[\\^$.|?*+()[\]{}]/g, "\\$&");
}

/** A pattern that takes what an expression finds anywhere in a text. */
export function toUnanchored(expression: string): string {
  return `.*(?:${expression}).*`;
}
