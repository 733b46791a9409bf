/** Writes a small and a large blob into the layout in a folder, and prints the result of each. Run as a program. */
import process from "node:process";
import { openFolder } from "../../src/layouts/folder.ts";
import { openOciLayoutTarget } from "../../src/layouts/oci_layout_target.ts";
import { bytesOf, describe } from "./setup.ts";

const [root = ""] = process.argv.slice(2);
const target = openOciLayoutTarget(openFolder(root), { name: `oci:${root}` });
for (const text of ["hello", "x".repeat(1024 * 1024)]) {
  const start = await target.beginBlob(await describe(text));
  if (start.state !== "open") throw new Error(`the blob is ${start.state}`);
  try {
    await start.upload.put(bytesOf(text));
    process.stdout.write("written\n");
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    process.stdout.write(`${code} ${message}\n`);
  }
}
