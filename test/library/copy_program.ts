/** A program that copies one image, with no options: `copy_program.ts SOURCE DESTINATION`. */
import process from "node:process";
import { copy } from "../../src/mod.ts";

const [source = "", destination = ""] = process.argv.slice(2);
const { digest } = await copy(source, destination);
process.stdout.write(digest, () => process.exit());
