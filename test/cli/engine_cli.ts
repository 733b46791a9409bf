/** The program in a fake environment, with the engine that users get. */
import { createRuntime } from "../../src/hosts/detect.ts";
import { openState } from "../../src/hosts/open_state.ts";
import { createLocalRunner } from "../../src/sync/local_rules.ts";
import { createSyncEngine } from "../../src/sync/sync_engine.ts";
import { fakeCli } from "./fake_cli.ts";
import type { FakeCli, FakeCliOptions } from "./fake_cli.ts";

export function engineCli(options: FakeCliOptions = {}): FakeCli {
  const cli = fakeCli(options);
  Object.assign(cli.environment, {
    createRuntime,
    createEngine: (options: Parameters<typeof createSyncEngine>[0]) =>
      Promise.resolve(createSyncEngine(options)),
    openState,
    createRuleRunner: (options: Parameters<typeof createLocalRunner>[0]) =>
      Promise.resolve(createLocalRunner(options)),
  });
  return cli;
}
