import { test } from "node:test";
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { TOKENS, variablesFor } from "../handler/setup.ts";
import { putImage } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";
import { serveApp } from "../support/serve_app.ts";

const EXAMPLE = fileURLToPath(new URL("../../examples/client.ts", import.meta.url));
const PAGE = fileURLToPath(new URL("../../docs/client.md", import.meta.url));

test("docs/client.md shows examples/client.ts", () => {
  const [, code = ""] = readFileSync(EXAMPLE, "utf8").split(/^\/\*\* .* \*\/\n/);
  const shown = code.replace('"../src/client/mod.ts"', '"crossdock/client"');
  assert.notEqual(shown, "");
  assert.ok(readFileSync(PAGE, "utf8").includes(`\`\`\`ts\n${shown}\`\`\`\n`));
});

test("examples/client.ts copies by a server and shows the image", async () => {
  await using a = await startRegistry();
  await using b = await startRegistry();
  await using server = await serveApp(variablesFor(a, b));
  const { descriptor } = await putImage(a, "app", { tag: "1", layers: 1 });
  const names = [`${a.host}/app:1`, `${b.host}/app:1`];
  const runtime = "Deno" in globalThis ? ["run", "--quiet", "--allow-net", "--allow-env"] : [];
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...runtime, EXAMPLE, server.url, ...names],
    { env: { PATH: process.env["PATH"], HOME: process.env["HOME"], CROSSDOCK_TOKEN: TOKENS.copy } },
  );
  const lines = stdout.trimEnd().split("\n");
  assert.deepEqual(lines.slice(0, 2), ["streamed blob", "streamed blob"]);
  assert.deepEqual(lines.slice(2, 4), ["put manifest", `copied ${descriptor.digest}`]);
  assert.match(lines[4] ?? "", /^image of \d+ bytes$/);
});
