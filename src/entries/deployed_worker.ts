/** The module that wrangler deploys. It composes the server when an isolate starts, whose CPU time counts for no request. */
import { openWorker } from "./open_worker.ts";

export { CopyWorkflow, default, Internal, SyncWorkflow } from "./worker.ts";

await openWorker();
