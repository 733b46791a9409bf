/**
 * The remembered state of a rule: the digest that each image of a repository had when it was last mirrored. A run takes the state
 * out of the store before it trusts it, and puts a new one there at its end. So an interrupted run leaves none, and no state is
 * trusted twice.
 */
import * as z from "zod";
import { abortable } from "../abortable.ts";
import { parseCopyRequest } from "../copy/request.ts";
import { digestBytes } from "../oci/digest.ts";
import { safeParseJson } from "../schema.ts";
import type { StateStore } from "../state_store.ts";
import type { SyncRule } from "./rule.ts";
import { addWarning } from "./rule_context.ts";
import type { RuleContext } from "./rule_context.ts";
import { knownImages } from "./rule_steps.ts";
import type { KnownImages } from "./rule_steps.ts";

/** The default of `fullCheckEvery`: once a day for a rule that runs every hour. */
const FULL_CHECK_EVERY = 24;

/** About 6,500 images, 150 bytes each. Further images are compared in each run. Workers KV stores 25 MiB for a key. */
const MAX_BYTES = 1024 * 1024;

/** A store that does not answer must not stop a run. */
const TIMEOUT_MS = 30_000;

const stateSchema = z.object({
  version: z.literal(1),
  /** The options of the rule that decide what a target gets. */
  options: z.string(),
  /** Runs since the last comparison of all images. */
  runs: z.int(),
  known: knownImages,
});

type RuleState = Pick<z.output<typeof stateSchema>, "runs" | "known">;

/**
 * Takes the state of a repository out of the store. The state is empty if all images have to be compared: at the first run, after a
 * change of the rule, and after `fullCheckEvery` runs.
 *
 * @returns `undefined` if this run must not remember anything
 */
export async function takeState(
  repository: string,
  context: RuleContext,
  warnings: string[],
): Promise<RuleState | undefined> {
  const { rule } = context;
  if (!remembers(context)) return undefined;
  const state = await use(repository, context, warnings, async (store, key) => {
    const text = await store.read(key);
    if (text === undefined) return undefined;
    await store.write(key, undefined);
    const { options, runs, known } = parseState(text);
    const isTrusted = options === optionsOf(rule) &&
      runs + 1 < (rule.fullCheckEvery ?? FULL_CHECK_EVERY);
    return isTrusted ? { runs: runs + 1, known } : undefined;
  });
  return state ?? { runs: 0, known: [] };
}

/** Puts the state of a repository into the store. */
export async function putState(
  repository: string,
  state: RuleState,
  context: RuleContext,
  warnings: string[],
): Promise<void> {
  await use(
    repository,
    context,
    warnings,
    (store, key) => store.write(key, formatState(repository, state, context)),
  );
}

/** Forgets images that a run may change without putting a new state into the store. */
export async function forgetImages(
  repository: string,
  destinations: readonly string[],
  context: RuleContext,
  warnings: string[],
): Promise<void> {
  if (!remembers(context) || destinations.length === 0) return;
  const forgotten = new Set(destinations);
  await use(repository, context, warnings, async (store, key) => {
    const text = await store.read(key);
    if (text === undefined) return;
    const { known, runs } = parseState(text);
    const rest = known.filter(([destination]) => !forgotten.has(destination));
    if (rest.length === known.length) return;
    await store.write(key, formatState(repository, { runs, known: rest }, context));
  });
}

/**
 * Whether the digest of the source decides whether an image is complete at its target. It does not if referrers or digest tags have
 * to be compared as well, or blobs. For one image, a list of tags would save nothing.
 */
function remembers({ state, rule, isReadOnly }: RuleContext): boolean {
  if (!state || isReadOnly || rule.type === "image") return false;
  const { referrers, digestTags, recheck } = parseCopyRequest({
    ...rule.copy,
    source: "r.invalid/a:a",
    destination: "r.invalid/b:a",
  });
  return !recheck && (rule.fastCheck || !referrers && !digestTags);
}

async function use<Result>(
  repository: string,
  context: RuleContext,
  warnings: string[],
  call: (store: StateStore, key: string) => Promise<Result>,
): Promise<Result | undefined> {
  const { state, rule: { name }, signal } = context;
  if (!state) return undefined;
  const bytes = new TextEncoder().encode(JSON.stringify([name, repository]));
  try {
    const limits = [AbortSignal.timeout(TIMEOUT_MS), ...(signal ? [signal] : [])];
    return await abortable(call(state, await digestBytes(bytes)), AbortSignal.any(limits));
  } catch (error) {
    signal?.throwIfAborted();
    const why = error instanceof Error ? error.message : String(error);
    addWarning(`remembered state of ${repository}: ${why}`, warnings, context);
    return undefined;
  }
}

function optionsOf({ copy, mediaTypes, fastCheck }: SyncRule): string {
  return JSON.stringify([copy, mediaTypes, fastCheck]);
}

/** @throws Error for another text than that of `formatState()` */
function parseState(text: string): z.output<typeof stateSchema> {
  const { data } = safeParseJson(text, stateSchema);
  if (data) return data;
  throw new Error("it cannot be read, all images are compared");
}

function formatState(source: string, { runs, known }: RuleState, { rule }: RuleContext): string {
  const encoder = new TextEncoder();
  let left = MAX_BYTES;
  const fitting: KnownImages = known.filter((image) =>
    (left -= encoder.encode(JSON.stringify(image)).length) >= 0
  );
  // The names are for people who read the text.
  const names = { rule: rule.name, source };
  return JSON.stringify({ version: 1, ...names, options: optionsOf(rule), runs, known: fitting });
}
