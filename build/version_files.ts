/** The places that repeat the version of package.json. `deno task release` changes them, and a test compares them. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Group 1 of each pattern ends before the version. */
export const VERSION_FILES: Readonly<Record<string, RegExp>> = {
  "package.json": /(^ {2}"version": ")[^"]+/m,
  "deno.json": /(^ {2}"version": ")[^"]+/m,
  "src/version.ts": /(PACKAGE_VERSION = ")[^"]+/,
};

/** A version of crossdock in a document, as in `crossdock@0.2.0`, `crossdock-0.2.0.tgz` or `crossdock:0.2.0`. */
export const NAMED_VERSION = /(?<=\bcrossdock[@:-]v?)\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]*[0-9A-Za-z])?/g;

/** The committed documents and configurations that may name a version. The changelog names all of them. */
export function listDocuments(root: string): readonly string[] {
  const patterns = ["*.md", "*.yml", "*.yaml"];
  const list = execFileSync("git", ["ls-files", ...patterns], { cwd: root, encoding: "utf8" });
  return list.split("\n").filter((path) => path !== "" && path !== "CHANGELOG.md");
}

/** The new text of each file that has another version. */
export function setVersion(root: string, version: string): ReadonlyMap<string, string> {
  const changed = new Map<string, string>();
  const set = (path: string, change: (text: string) => string): void => {
    const text = readFileSync(join(root, path), "utf8");
    if (change(text) !== text) changed.set(path, change(text));
  };
  for (const [path, pattern] of Object.entries(VERSION_FILES)) {
    set(path, (text) => text.replace(pattern, `$1${version}`));
  }
  for (const path of listDocuments(root)) {
    set(path, (text) => text.replace(NAMED_VERSION, version));
  }
  return changed;
}
