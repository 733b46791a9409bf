import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { RunList } from "../../../src/history/model.ts";
import { putImage } from "../../support/image.ts";
import { startRegistry } from "../../support/registry.ts";
import type { Handler } from "../handler.ts";
import { logLines } from "../log_lines.ts";
import { bearer, variablesFor } from "../setup.ts";
import { runHandlerToItsEnd, startHandler, testHost } from "../start_handler.ts";

async function listRuns({ url }: Handler): Promise<RunList> {
  return await (await fetch(`${url}/v1/runs`, { headers: bearer("read") })).json();
}

// `deno task serve` may write only below /var/lib/crossdock.
const skip = testHost() === "deno-run";

test("CROSSDOCK_HISTORY_FILE keeps runs when the handler stops", { skip }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "crossdock-history-"));
  try {
    await using registry = await startRegistry();
    await putImage(registry, "app", { tag: "1", layers: 1 });
    const file = join(folder, "history.jsonl");
    const variables = { ...variablesFor(registry), CROSSDOCK_HISTORY_FILE: file };
    const ids: string[] = [];
    for (let i = 0; i < 2; i++) {
      await using handler = await startHandler(variables);
      const before = await listRuns(handler);
      assert.equal(before.history.kept, "file");
      assert.deepEqual(before.runs.map(({ id }) => id), ids);
      const body = { source: `${registry.host}/app:1`, destination: `${registry.host}/mirror:1` };
      const response = await fetch(`${handler.url}/v1/copies`, {
        method: "POST",
        headers: { ...bearer(), "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      await response.text();
      ids.splice(0, ids.length, ...(await listRuns(handler)).runs.map(({ id }) => id));
      assert.equal(ids.length, i + 1);
      assert.equal(statSync(file).mode & 0o777, 0o600);
      appendFileSync(file, "damaged\n");
    }
    assert.equal(readFileSync(file, "utf8").trim().split("\n").length, 4);
    await using handler = await startHandler(variables);
    assert.deepEqual((await listRuns(handler)).runs.map(({ id }) => id), ids);
    const warnings = logLines(handler).filter(({ level }) => level === "warn");
    assert.deepEqual(warnings.map(({ message }) => message), [`${file}: skipped 2 damaged lines`]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("handler with a history file that it cannot write names the setting, and ends with 2", async () => {
  const folder = mkdtempSync(join(tmpdir(), "crossdock-history-"));
  try {
    mkdirSync(join(folder, "history"));
    const { end, stderr } = await runHandlerToItsEnd({
      CROSSDOCK_HISTORY_FILE: join(folder, "history"),
    });
    assert.equal(end, 2);
    assert.match(
      stderr,
      /^crossdock: configuration is not valid: CROSSDOCK_HISTORY_FILE: [^\n]+\n$/,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
