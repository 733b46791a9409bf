/** Renders docs/adr/README.md: the list of decisions, with their state. */
import { readdirSync, readFileSync } from "node:fs";
import { GENERATED, toTable } from "./markdown.ts";

const FOLDER = new URL("../../docs/adr/", import.meta.url);

export interface Decision {
  readonly number: number;
  readonly file: string;
  readonly title: string;
  /** The text after `Status:`, up to the empty line. */
  readonly status: string;
}

/** @throws Error if a record has another form */
export function listDecisions(): readonly Decision[] {
  return readdirSync(FOLDER).filter((name) => /^\d{4}-.+\.md$/.test(name)).sort().map((file) => {
    const text = readFileSync(new URL(file, FOLDER), "utf8");
    const [, number, title] = /^# (\d+)\. (.+)\n/.exec(text) ?? [];
    const [, status = "accepted."] = /^(?:Date: .+ )?Status: ([^]+?)\n\n/m.exec(text) ?? [];
    if (number === undefined || title === undefined) {
      throw new Error(`docs/adr/${file}: expected "# N. Title" in the first line`);
    }
    return { number: Number(number), file, title, status: status.replaceAll("\n", " ") };
  });
}

export function renderDecisions(): string {
  const rows = listDecisions().map(({ number, file, title, status }) => [
    String(number),
    `[${title}](${file})`,
    status === "accepted." ? "accepted" : status,
  ]);
  return `# Decisions

${GENERATED}

For people who change the code: each record has one decision, with what led to it and what follows.
A record is not rewritten when a later one changes it. Its status says so.

${toTable(["", "decision", "status"], rows)}

A new record has the next number, at most a page, and begins with a title and a status:

\`\`\`text
# 99. A short sentence

Status: accepted.

**Context.** What made a decision necessary.

**Decision.** What we do.

**Consequences.** What follows, also what is worse now.
\`\`\`
`;
}
