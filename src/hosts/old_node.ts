/** Recognises a Node that is too old for the programs. Its errors would look like bugs of crossdock. */
import process from "node:process";
import { detectHost } from "./detect_host.ts";

/** The first major version with `Promise.withResolvers` and the methods of iterators. `engines` in package.json has it, too. */
const OLDEST_MAJOR = 22;

const EXIT_USAGE = 2;

/** Ends the process with a message if it runs on such a Node. */
export function rejectOldNode(): void {
  const message = describeOldNode(process.versions.node);
  if (message === undefined || detectHost(globalThis) !== "node") return;
  process.stderr.write(message);
  process.exit(EXIT_USAGE);
}

/** The message for a version of Node. Undefined if it is new enough. */
export function describeOldNode(version: string): string | undefined {
  if (Number.parseInt(version) >= OLDEST_MAJOR) return undefined;
  return `error: crossdock requires Node ${OLDEST_MAJOR} or newer, this is Node ${version}\n` +
    "hint: install a newer Node, or use Bun, Deno or the executable\n";
}
