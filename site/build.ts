/** Builds the site of the documents into .cache/site: `deno task site`. The pages are those of docs/, and pages of the library's API. */
import { execFileSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { toApiPage } from "./api_page.ts";
import type { ApiModule } from "./api_page.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const DOCS = join(ROOT, "docs");
/** The pages as VitePress reads them. */
const SOURCE = join(ROOT, ".cache/site-source");

rmSync(SOURCE, { recursive: true, force: true });
cpSync(DOCS, SOURCE, { recursive: true, filter: (path) => !path.endsWith(".txt") });
symlinkSync("../../site/node_modules", join(SOURCE, "node_modules"));
mkdirSync(join(SOURCE, "public"));
cpSync(join(ROOT, "site/icon.svg"), join(SOURCE, "public/icon.svg"));
for (const name of readdirSync(DOCS).filter((name) => name.endsWith(".json"))) {
  cpSync(join(DOCS, name), join(SOURCE, "public", name));
}
writeApiPages();
run("site/node_modules/vitepress/bin/vitepress.js", process.argv[2] ?? "build", "site");

function writeApiPages(): void {
  const { exports } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const modules: ApiModule[] = [];
  for (const [path, { types }] of Object.entries<{ types?: string }>(exports)) {
    if (types === undefined) continue;
    const name = path === "." ? "crossdock" : path.slice(2);
    const source = types.replace("./dist/", "").replace(/\.d\.ts$/, ".ts");
    const json = execFileSync(process.execPath, ["doc", "--json", "--quiet", source], {
      cwd: ROOT,
      encoding: "utf8",
      maxBuffer: 256 * 1024 * 1024,
    });
    modules.push({
      name,
      specifier: path === "." ? "crossdock" : `crossdock/${name}`,
      signatures: readFileSync(join(DOCS, "api", `${name}.txt`), "utf8"),
      documentation: JSON.parse(json),
    });
  }
  for (const module of modules) {
    writeFileSync(join(SOURCE, "api", `${module.name}.md`), toApiPage(module));
  }
  const lines = modules.map(({ name, specifier }) => `- [\`${specifier}\`](${name}.md)`);
  writeFileSync(
    join(SOURCE, "api/index.md"),
    `# API of the library\n\nThe exports of the package. [Library](../library.md) is the guide.\n\n${
      lines.join("\n")
    }\n`,
  );
}

function run(script: string, ...args: string[]): void {
  execFileSync(process.execPath, ["run", "--quiet", "--allow-all", script, ...args], {
    cwd: ROOT,
    stdio: "inherit",
  });
}
