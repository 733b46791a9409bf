/**
 * Runs the cases of test/faults with any tool that copies images.
 *
 *     deno task bench:faults [TOOL...] [--command COMMAND]... [--case PART] [--parallel N] [--markdown]
 *
 * A TOOL is `crossdock`, or one whose command is in test/faults/other_tool.ts. A COMMAND has the placeholders `{source}` and
 * `{destination}` (`127.0.0.1:5000/app:1`), and if needed `{sourceHost}` and `{destinationHost}`. The registries speak plain
 * HTTP, so the command needs the tool's flag for that. Credentials are in `DOCKER_CONFIG` and `REGISTRY_AUTH_FILE`. Programs of
 * `.cache/bin` are found before those of the PATH.
 */
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ALL_CASES } from "../test/faults/all_cases.ts";
import { crossdockOnDeno } from "../test/faults/crossdock_tools.ts";
import { KNOWN_COMMANDS, toTool } from "../test/faults/other_tool.ts";
import { toMarkdownTable, toTextTable } from "../test/faults/print_table.ts";
import { createPool, runCase } from "../test/faults/run_case.ts";
import type { CaseResult, Tool } from "../test/faults/run_case.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    command: { type: "string", multiple: true, default: [] },
    case: { type: "string", default: "" },
    parallel: { type: "string", default: "6" },
    markdown: { type: "boolean", default: false },
  },
});

const bin = fileURLToPath(new URL("../.cache/bin", import.meta.url));
process.env["PATH"] = `${bin}:${process.env["PATH"]}`;

const tools = [...positionals.map(findTool), ...values.command.map(toTool)];
if (tools.length === 0) tools.push(crossdockOnDeno);
const cases = ALL_CASES.filter(({ id }) => id.includes(values.case));
const pool = createPool(Number(values.parallel));
const columns = tools.map((tool) => ({
  title: tool.name,
  tool,
  results: new Map<string, CaseResult>(),
}));

await Promise.all(columns.flatMap(({ tool, results }) =>
  cases.map((faultCase) =>
    pool(async () => {
      const result = await runCase(faultCase, tool);
      results.set(result.id, result);
      if (result.reason === undefined) return;
      process.stderr.write(`${tool.name}: ${result.id}: ${result.reason}\n`);
    })
  )
));
const toTable = values.markdown ? toMarkdownTable : toTextTable;
process.stdout.write(toTable(cases, columns));
// Some servers of failed cases can still have connections.
process.exit(0);

function findTool(name: string): Tool {
  if (name === "crossdock") return crossdockOnDeno;
  const command = KNOWN_COMMANDS[name];
  if (command !== undefined) return toTool(command);
  const known = ["crossdock", ...Object.keys(KNOWN_COMMANDS)].join(", ");
  process.stderr.write(`bench/faults.ts: unknown tool ${name}, expected ${known} or --command\n`);
  process.exit(2);
}
