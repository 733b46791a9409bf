/** `crossdock receipts REF` */
import type { Command } from "@commander-js/extra-typings";
import { resolveDigest } from "../../copy/read_image.ts";
import {
  formatReference,
  parseReference,
  parseRepository,
  withDefaultTag,
} from "../../oci/reference.ts";
import { addOptions } from "../options/add_options.ts";
import { openLocalEngine } from "../options/open_engine.ts";
import * as options from "../options/options.ts";
import { readPublicKeyFile } from "../options/read_public_key_file.ts";
import { toOnlySide } from "../options/side.ts";
import { exitCodeOf } from "../output/exit_codes.ts";
import { formatReceipts } from "../output/format_receipts.ts";
import { writeJson, writeResult } from "../output/output.ts";
import { startProgress } from "../output/progress.ts";
import type { CommandContext } from "./command_context.ts";
import { suggestTags } from "./suggest_tags.ts";

const DEFAULT_TIMEOUT_MS = 60_000;

export function defineReceipts(command: Command, context: CommandContext): void {
  const { environment, signal, setExitCode } = context;
  addOptions(
    command.argument("<reference>", "registry/repository[:tag][@digest]"),
    ...options.RECEIPT_OPTIONS,
    ...options.SIGNED_REGISTRY_OPTIONS,
    ...options.REQUEST_OPTIONS,
    options.jsonOption,
  ).action(async (reference, { key, name, referrerSource: receipts, ...flags }) => {
    const image = withDefaultTag(parseReference(reference));
    const { registry, repository } = image;
    const pem = key === undefined ? undefined : await readPublicKeyFile(key, environment);
    const engine = await openLocalEngine(environment, flags, {
      ...toOnlySide(image, flags),
      referrers: receipts === undefined ? undefined : parseRepository(receipts),
    });
    const { emit } = startProgress({ progress: "none", registry }, environment);
    const source = engine.openSource(reference, { emit });
    const resolved = resolveDigest(image, source, { platform: undefined, signal });
    const digest = await suggestTags(resolved, engine, image, signal);
    const { listReceipts } = await import("../../receipts/list_receipts.ts");
    const manifests = await listReceipts(digest, source, {
      key: pem,
      name: formatReference(name === undefined ? { registry, repository } : parseRepository(name)),
      referrerSource: receipts === undefined ? undefined : engine.openSource(receipts, { emit }),
      timeoutMs: flags.timeout ?? DEFAULT_TIMEOUT_MS,
      signal,
    });
    if (manifests.some(({ isProven }) => isProven === false)) setExitCode(exitCodeOf("rejected"));
    const resolvedName = formatReference({ ...image, digest });
    if (flags.json) await writeJson(environment, { image: resolvedName, manifests });
    else await writeResult(environment, formatReceipts(resolvedName, manifests));
  });
}
