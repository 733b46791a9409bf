/**
 * Writes the names and signatures of each export of the npm package to docs/api, so that a change of the public API is seen in a
 * diff. With `--check` it compares them instead, and fails if they differ or if documentation is missing.
 */
import { execFileSync, spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const FOLDER = join(ROOT, "docs/api");

/** `deno doc` prints comments between the signatures, so they are removed before. */
const COMMENT = /^[ \t]*\/\*\*[\s\S]*?\*\/\n/gm;

/** Returns the text of each file in docs/api by its name. */
function describeExports(): Map<string, string> {
  const copy = mkdtempSync(join(tmpdir(), "crossdock-api-"));
  try {
    for (const name of ["src", "package.json", "deno.json", "deno.lock"]) {
      cpSync(join(ROOT, name), join(copy, name), { recursive: true });
    }
    symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));
    for (const name of readdirSync(join(copy, "src"), { recursive: true, encoding: "utf8" })) {
      if (!name.endsWith(".ts")) continue;
      const file = join(copy, "src", name);
      writeFileSync(file, readFileSync(file, "utf8").replace(COMMENT, ""));
    }
    return new Map(
      listExports().map(({ name, source }) => [`${name}.txt`, describe(source, copy)]),
    );
  } finally {
    rmSync(copy, { recursive: true });
  }
}

/** The exports of package.json with the source files of their types. */
function listExports(): { name: string; source: string }[] {
  const { exports } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  return Object.entries<{ types?: string }>(exports).flatMap(([path, { types }]) =>
    types === undefined ? [] : [{
      name: path === "." ? "crossdock" : path.slice(2),
      source: types.replace("./dist/", "").replace(/\.d\.ts$/, ".ts"),
    }]
  );
}

function describe(source: string, folder: string): string {
  const output = execFileSync(process.execPath, ["doc", source], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 64 * 1024 * 1024,
  });
  return output.replace(/^Defined in .*\n\n?/gm, "").replace(/\n{3,}/g, "\n\n").trim() + "\n";
}

/** Fails if an export of deno.json lacks documentation, or refers to a type that is not exported. */
function lintDocumentation(): void {
  const { exports } = JSON.parse(readFileSync(join(ROOT, "deno.json"), "utf8"));
  const args = ["doc", "--quiet", "--lint", ...Object.values<string>(exports)];
  const env = { ...process.env, NO_COLOR: "1" };
  const { stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: "utf8", env });
  const errors = stderr.split(/^(?=error\[)/m)
    .filter((text) => text.startsWith("error[") && !FOREIGN.test(text));
  if (errors.length === 0) return;
  process.stderr.write(errors.join(""));
  process.exit(1);
}

/** Types of hono, which its own package exports. */
const FOREIGN = /references private type '(Hono|Context)'/;

const wanted = describeExports();
if (process.argv.includes("--check")) {
  lintDocumentation();
  const present = readdirSync(FOLDER);
  const changed = [...new Set([...present, ...wanted.keys()])].filter((name) =>
    !present.includes(name) || readFileSync(join(FOLDER, name), "utf8") !== wanted.get(name)
  );
  if (changed.length > 0) {
    process.stderr.write(
      `the public API has changed: ${changed.join(", ")}; run deno task api and review the diff\n`,
    );
    process.exitCode = 1;
  }
} else {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER);
  for (const [name, text] of wanted) writeFileSync(join(FOLDER, name), text);
}
