import { Buffer } from "node:buffer";
import { build } from "esbuild";
import type { BuildOptions } from "esbuild";

/** Bundles modules into the text of one ES module. */
export async function bundleText(options: BuildOptions): Promise<string> {
  const { outputFiles } = await build({ bundle: true, format: "esm", ...options, write: false });
  const [file, ...others] = outputFiles;
  if (!file || others.length > 0) throw new Error(`expected one file, not ${outputFiles.length}`);
  return file.text;
}

/** Imports a module from its text. */
export async function importText<Module>(text: string): Promise<Module> {
  return await import(`data:text/javascript;base64,${Buffer.from(text).toString("base64")}`);
}
