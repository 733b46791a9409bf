/**
 * The export `crossdock/worker` on other hosts than workerd, with the same names. So a Worker's modules can be imported there, in
 * tests for example; only a call fails.
 */

function fail(): never {
  throw new TypeError(
    "crossdock/worker runs on Cloudflare Workers only; on Deno, Node and Bun use crossdock/server",
  );
}

export default { fetch: fail, scheduled: fail };

export class Internal {
  fetch = fail;
}

export class CopyWorkflow {
  run = fail;
}

export class SyncWorkflow {
  run = fail;
}
