/** What the deployed Worker evaluates, in workerd. test/build/split_worker.test.ts lists the modules. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MAIN_MODULE } from "../../build/bundle_worker.ts";
import { putImage } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";
import { startCrossdock } from "./support.ts";
import type { Modules } from "./support.ts";

/** Lets every module throw that the main module does not import, or that one of those does not import. */
function spoilOthers(modules: Modules): Modules {
  const imported = new Set([MAIN_MODULE]);
  for (const name of imported) {
    for (const [, , file = ""] of (modules[name] ?? "").matchAll(STATIC_IMPORT)) {
      imported.add(`modules/${file}`);
    }
  }
  const texts = Object.entries(modules).map(([name, text]) => [
    name,
    imported.has(name) ? text : `throw new Error("${name} is evaluated");`,
  ]);
  return Object.fromEntries(texts);
}

/** `import{a}from"./x.js"` and `import"./x.js"`, and not `import("./x.js")`. */
const STATIC_IMPORT = /\b(from|import)\s*"\.\/(?:modules\/)?([^"]+\.js)"/g;

test("the Worker plans without a module that it loads on use", async () => {
  await using source = await startRegistry();
  await using destination = await startRegistry();
  await using worker = await startCrossdock({ durable: false, change: spoilOthers });
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  const request = { source: `${source.host}/app:1`, destination: `${destination.host}/app` };
  const { status, json } = await worker.ask("POST", "/v1/plans", request);
  assert.equal(status, 200, JSON.stringify(json));
  assert.equal(json.root.digest, descriptor.digest);
});

test("the Worker with rules evaluates the parser of rules when it starts", async () => {
  const starting = startCrossdock({
    durable: false,
    variables: { CROSSDOCK_CONFIG: "sync: []" },
    change: spoilOthers,
  });
  await assert.rejects(starting, /parse_config-\w+\.js is evaluated/);
});
