// deno-lint-ignore-file explicit-function-return-type -- Node runs this file as it is, so it has no types.
/** Writes the outputs of action.yml and the summary of its step from the report of crossdock: node summary.mjs REPORT. */
import { appendFileSync, readFileSync } from "node:fs";
import process from "node:process";

/** A summary may have 1 MiB: https://docs.github.com/actions/reference/workflow-commands-for-github-actions */
const MAX_ROWS = 200;
const MAX_CELL = 500;

const path = process.argv[2];
const report = read(path);
const result = report.result ?? report.code ?? "failed";
const digest = /^sha(256|512):[0-9a-f]+$/.test(report.digest) ? report.digest : "";

append("GITHUB_OUTPUT", [
  `digest=${digest}`,
  `result=${/^[a-z_-]+$/.test(result) ? result : "failed"}`,
  `report=${path}`,
]);
append("GITHUB_STEP_SUMMARY", [
  `### crossdock: ${toText(result)}`,
  "",
  ...(report.rules ? listTags(report.rules) : report.detail ? listProblem() : listImage()),
]);

/** A program that was killed leaves no document. */
function read(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return { detail: "crossdock printed no report, see the log of the step" };
  }
}

function listImage() {
  return table(["source", "destination"], [[report.source, report.destination]]);
}

function listProblem() {
  const { side, detail, hint, errors = [] } = report;
  const lines = errors.length > 0 ? errors.map((error) => error.detail) : [detail];
  return [
    ...lines.map((line) => `- ${toText(side ? `${side}: ${line}` : line)}`),
    ...(hint ? [`- hint: ${toText(hint)}`] : []),
  ];
}

/** Tags that did not change are only counted. */
function listTags(rules) {
  const counts = new Map();
  const rows = [];
  for (const { tags = [], pruned = [] } of rules) {
    for (const { result, state, source = "", destination, error } of [...tags, ...pruned]) {
      const name = result ?? state;
      counts.set(name, (counts.get(name) ?? 0) + 1);
      if (name !== "unchanged" && name !== "in-step") {
        rows.push([name, source, destination, error?.message ?? ""]);
      }
    }
  }
  const totals = [...counts].map(([name, count]) => `${count} ${toText(name)}`).join(", ");
  const warnings = rules.flatMap(({ rule, warnings = [] }) =>
    warnings.map((warning) => `- warning: ${toText(`${rule}: ${warning}`)}`)
  );
  const shown = rows.slice(0, MAX_ROWS);
  return [
    totals || "no tags",
    ...(warnings.length > 0 ? ["", ...warnings.slice(0, MAX_ROWS)] : []),
    ...(shown.length > 0
      ? ["", ...table(["result", "source", "destination", "error"], shown)]
      : []),
    ...(rows.length > shown.length ? ["", `and ${rows.length - shown.length} more`] : []),
  ];
}

function table(headings, rows) {
  const toLine = (cells) => `| ${cells.map(toText).join(" | ")} |`;
  return [toLine(headings), toLine(headings.map(() => "---")), ...rows.map(toLine)];
}

/** Text of a registry or of an input. As character references it is neither Markdown nor HTML. */
function toText(text) {
  return [...String(text).slice(0, MAX_CELL)]
    .map((char) => /[\w .:/@-]/.test(char) ? char : `&#${char.codePointAt(0)};`)
    .join("");
}

function append(variable, lines) {
  const file = process.env[variable];
  if (file) appendFileSync(file, `${lines.join("\n")}\n`);
}
