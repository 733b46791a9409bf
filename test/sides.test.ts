import assert from "node:assert/strict";
import { test } from "node:test";
import { startPair } from "./support/pair.ts";

test("openSides() rejects folders and files unless the engine has layouts", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const message = /^oci:\.\/app is not a registry, and folders and files cannot be opened here$/;
  await assert.rejects(
    engine.copy({ source: "oci:./app:1", destination: `${destination.host}/app` }),
    { code: "usage", side: "source", message },
  );
  await assert.rejects(
    engine.copy({ source: `${source.host}/app:1`, destination: "oci:./app" }),
    { code: "usage", side: "destination", message },
  );
  await assert.rejects(engine.inspect("oci:./app"), { code: "usage", message });
  await assert.rejects(engine.checkAccess("oci:./app"), { code: "usage" });
});
