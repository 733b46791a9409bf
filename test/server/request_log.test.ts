import assert from "node:assert/strict";
import { test } from "node:test";
import { startDocumentedApp } from "./documented_app.ts";

const SECRET = "A-secret-of-a-path-1";

const PATHS = [
  `/hooks/quay/${SECRET}`,
  `//hooks/quay/${SECRET}`,
  `/Hooks/quay/${SECRET}`,
  `/prefix/hooks/quay/${SECRET}`,
  `/hook/quay/${SECRET}`,
  `/hooks/${SECRET}`,
  `/hooks/quay%2f${SECRET}`,
  `/hooks/quay/${SECRET}/`,
  "/hooks/correct-horse-battery-staple",
];

/** Behind a proxy that removes the beginning of a path, or adds to it. */
const REST = [`/quay/${SECRET}`, `/${SECRET}`, `/v1/${SECRET}`];

for (const path of REST) {
  test(`logRequests() writes no secret of ${path.replace(SECRET, "SECRET")}`, async () => {
    const lines: string[] = [];
    await using documented = await startDocumentedApp({
      host: { write: (line) => void lines.push(line) },
    });
    await documented.app.request(path, { method: "POST", body: "{}" });
    assert.match(lines.join("\n"), /"message":"request".*"path":"[^"]*\/\*\*\*"/);
    assert.ok(!lines.join("\n").includes(SECRET), lines.join("\n"));
  });
}

for (const path of PATHS) {
  test(`logRequests() writes no secret of ${path.replace(SECRET, "SECRET")}`, async () => {
    const lines: string[] = [];
    await using documented = await startDocumentedApp({
      host: { write: (line) => void lines.push(line) },
    });
    await documented.app.request(path, { method: "POST", body: "{}" });
    assert.match(lines.join("\n"), /"message":"request".*hooks?\/.*\*\*\*/i);
    assert.ok(!/A-secret|correct-horse/.test(lines.join("\n")), lines.join("\n"));
  });
}

test("logRequests() writes the name of a hook", async () => {
  const lines: string[] = [];
  await using documented = await startDocumentedApp({
    host: { write: (line) => void lines.push(line) },
  });
  await documented.app.request("/hooks/plain", { method: "POST", body: "{}" });
  assert.match(lines.join("\n"), /"path":"\/hooks\/plain"/);
});
