/** `crossdock verify SRC DST` */
import type { Command } from "@commander-js/extra-typings";
import type { Difference, Verification } from "../../copy/model.ts";
import { addOptions } from "../options/add_options.ts";
import { toCopyRequest } from "../options/copy_request.ts";
import { openEngine } from "../options/open_engine.ts";
import * as options from "../options/options.ts";
import { toSides } from "../options/side.ts";
import { EXIT_DIFFERENT } from "../output/exit_codes.ts";
import { formatCount } from "../output/format.ts";
import { formatMissing, formatReferrers, nounOf } from "../output/format_referrers.ts";
import { writeJson, writeResult } from "../output/output.ts";
import { startProgress } from "../output/progress.ts";
import type { CommandContext } from "./command_context.ts";
import { suggestTags } from "./suggest_tags.ts";

export function defineVerify(command: Command, context: CommandContext): void {
  const { environment, signal, setExitCode } = context;
  addOptions(
    command.addArgument(options.sourceArgument).addArgument(options.destinationArgument),
    ...options.CONTENT_OPTIONS,
    ...options.ARCHIVE_OPTIONS,
    ...options.SIDE_OPTIONS,
    ...options.ENGINE_OPTIONS,
    ...options.VIA_OPTIONS,
    options.jsonOption,
  ).action(async (source, destination, flags) => {
    const request = toCopyRequest(source, destination, flags);
    const sides = toSides(request, flags);
    const engine = await openEngine(environment, flags, sides.source, sides.destination);
    const { emit } = startProgress({ progress: "none" }, environment);
    const verified = engine.verify(request, { signal, emit });
    const verification = await suggestTags(verified, engine, request.source, signal);
    if (!verification.equal) setExitCode(EXIT_DIFFERENT);
    if (flags.json) await writeJson(environment, verification);
    else await writeResult(environment, formatVerification(verification));
  });
}

/** The config has the digests of the uncompressed layers, which are checked when an archive is read or written. */
const MADE_MANIFEST = [
  "A docker archive may have no manifest, and only uncompressed layers. crossdock then makes both, with other digests.",
  "The config keeps its digest: if no line above names it, the image is the same. Use oci-archive: to keep all digests.",
];

/** One line per difference, then what was compared. */
function formatVerification(verification: Verification): string[] {
  const { source, destination, equal, state, differences, checked, referrerState } = verification;
  const counts = [
    formatCount(checked.manifests, "manifest"),
    formatCount(checked.blobs, "blob"),
    formatCount(checked.referrers, "referrer"),
  ].join(", ");
  const missing = referrerState && formatMissing(referrerState);
  const verdict = {
    equal: "equal",
    incomplete: `incomplete: the destination has the image, but ${missing ?? "not all referrers"}`,
    different: formatCount(differences.length, "difference"),
  }[state];
  const found = referrerState ? formatReferrers(referrerState) : "";
  const hasMadeManifest = [source, destination].some((name) => name.startsWith("docker-archive:"));
  return [
    ...differences.map(formatDifference),
    `${verdict}: ${source} and ${destination} (${counts} compared)`,
    ...(found === "" ? [] : [`referrers: ${found}`]),
    ...(hasMadeManifest && !equal ? MADE_MANIFEST : []),
  ];
}

function formatDifference(difference: Difference): string {
  const { kind, what, referrerKind, state, wanted, found } = difference;
  const label = referrerKind && referrerKind !== "other" ? ` (${nounOf(referrerKind)})` : "";
  const line = `${state.padEnd(9)}  ${kind.replace("-", " ")} ${what}${label}`;
  if (state === "missing") return line;
  return `${line}: ${wanted ?? "unknown"} at the source, ${found ?? "unknown"} at the destination`;
}
