/** `crossdock copy --all-tags REPOSITORY REPOSITORY`: runs a rule that is made from the command line. */
import type { DetachedSync } from "../../client/remote_engine.ts";
import { ParseError } from "../../errors.ts";
import { formatReference, isLocal, parseRepository } from "../../oci/reference.ts";
import type { Reference } from "../../oci/reference.ts";
import type { SyncRule } from "../../sync/rule.ts";
import { runRules } from "../../sync/run_rules.ts";
import { Slots } from "../../copy/slots.ts";
import { toCopyRequest } from "../options/copy_request.ts";
import type { CopyFlags } from "../options/copy_request.ts";
import type { OpenedRules } from "../options/open_rules.ts";
import { openLocalEngine, rejectViaToken } from "../options/open_engine.ts";
import type { EngineFlags } from "../options/open_engine.ts";
import { toSides } from "../options/side.ts";
import type { SidesFlags } from "../options/side.ts";
import type { CommandContext } from "./command_context.ts";
import { runSync } from "./run_sync.ts";
import type { RunSyncFlags } from "./run_sync.ts";

type AllTagsFlags = CopyFlags & SidesFlags & EngineFlags & Omit<RunSyncFlags, "progress"> & {
  readonly progress?: string | undefined;
};

/** Images at the same time, as for rules. */
const PARALLEL = 4;

/** @throws ParseError for names or flags that are not for a whole repository; no request has been sent then */
export async function copyAllTags(
  source: string,
  destination: string,
  flags: AllTagsFlags,
  context: CommandContext,
): Promise<void> {
  const { environment } = context;
  if (flags.via !== undefined) {
    throw new ParseError("--all-tags cannot be combined with --via: a server runs its own rules", {
      hint: "write a rule into the crossdock.yaml of the server, and run crossdock sync --via",
    });
  }
  rejectViaToken(flags);
  const rule = toRule(source, destination, flags);
  const sides = toSides(toCopyRequest(source, destination, flags), flags);
  const engine = await openLocalEngine(environment, flags, sides.source, sides.destination);
  const now = (): number => environment.now();
  const runner = await environment.createRuleRunner({
    engine,
    rules: [rule],
    now,
    slots: new Slots(PARALLEL),
  });
  const opened: Pick<OpenedRules, "sync"> = {
    async sync(request, options): Promise<DetachedSync> {
      return { report: await runRules([rule], runner, { ...request, ...options, now }) };
    },
  };
  const { json, quiet, dryRun, missing, strict } = flags;
  const progress = flags.progress === "json"
    ? "json"
    : json || flags.progress === "none"
    ? "none"
    : "plain";
  await runSync(
    opened,
    { json, quiet, dryRun, missing, strict, progress, command: "copy" },
    context,
  );
}

function toRule(source: string, destination: string, flags: AllTagsFlags): SyncRule {
  const [from, to] = [parseName(source), parseName(destination)];
  if (from === to) {
    throw new ParseError("--all-tags: source and destination are the same repository");
  }
  const { source: _, destination: __, additionalTags, fastCheck = false, ...copy } =
    toCopyRequest(source, destination, flags).input;
  if (additionalTags) throw new ParseError("--all-tags and --additional-tag cannot be combined");
  return {
    name: from,
    type: "repository",
    source: from,
    targets: [to],
    tagSets: [],
    repositories: { allow: [], deny: [] },
    copy,
    fastCheck,
  };
}

/** @throws ParseError for a tag or digest, and for a file that has one image */
function parseName(text: string): string {
  const name: Reference = parseRepository(text);
  if (isLocal(name) && !name.registry.startsWith("oci:")) {
    throw new ParseError(`--all-tags: ${name.registry} cannot keep several images`, {
      hint: "use a folder: oci:PATH",
    });
  }
  return formatReference(name);
}
