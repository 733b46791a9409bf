import assert from "node:assert/strict";
import { test } from "node:test";
import { toApiPage } from "../../site/api_page.ts";

test("toApiPage() has a section for each name, with its comment and all of its signatures", () => {
  const page = toApiPage({
    name: "sync",
    specifier: "crossdock/sync",
    signatures: `function run(a: string): Result

function run(a: number): Result

interface Result

  readonly ok: boolean
`,
    documentation: {
      nodes: {
        "file:///rules.ts": {
          module_doc: { doc: "Runs rules." },
          symbols: [{
            name: "run",
            declarations: [{
              jsDoc: {
                doc: "Runs one. See {@linkcode Result} and {@linkcode Other}.",
                tags: [
                  { kind: "param", name: "a", doc: "its\nname" },
                  { kind: "throws", doc: "an error" },
                ],
              },
            }, {}],
          }],
        },
      },
    },
  });
  assert.equal(
    page,
    `# crossdock/sync

Runs rules.

## run

Runs one. See [\`Result\`](#result) and \`Other\`.

- \`a\`: its name

Throws an error

\`\`\`ts
function run(a: string): Result
function run(a: number): Result
\`\`\`

## Result



\`\`\`ts
interface Result
  readonly ok: boolean
\`\`\`
`,
  );
});
