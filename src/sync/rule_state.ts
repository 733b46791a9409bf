/**
 * The remembered state of a rule: the digest that each image of a repository had when it was last mirrored. A run takes the state
 * out of the store before it trusts it, and puts a new one there at its end. So an interrupted run leaves none, and no state is
 * trusted twice.
 */
import * as z from "zod";
import { abortable } from "../abortable.ts";
import { digestBytes } from "../oci/digest.ts";
import { safeParseJson } from "../schema.ts";
import type { StateStore } from "../state_store.ts";
import type { SyncRule } from "./rule.ts";
import { addWarning } from "./rule_context.ts";
import type { RuleContext } from "./rule_context.ts";
import { knownImages } from "./rule_steps.ts";

/** The default of `fullCheckEvery`: once a day for a rule that runs every hour. */
const FULL_CHECK_EVERY = 24;

/** About 6,500 images, 150 bytes each. Further images are compared in each run. Workers KV stores 25 MiB for a key. */
const MAX_CHARS = 1024 * 1024;

/** A store that does not answer must not stop a run. */
const TIMEOUT_MS = 30_000;

const stateSchema = z.looseObject({
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
 * @param forgotten destinations to remove from the state, which then stays in the store: this run may change them, and puts no state
 * @returns `undefined` if this run must not remember anything
 */
export async function takeState(
  repository: string,
  context: RuleContext,
  warnings: string[],
  forgotten?: ReadonlySet<string>,
): Promise<RuleState | undefined> {
  const { rule } = context;
  if (!remembers(context)) return undefined;
  let taken: RuleState = { runs: 0, known: [] };
  await use(repository, context, warnings, async (store, key) => {
    const text = await store.read(key);
    if (text === undefined) return;
    const { data } = safeParseJson(text, stateSchema);
    if (!data) throw new Error("it cannot be read, all images are compared");
    const { known, options } = data;
    const rest = forgotten && known.filter(([name]) => !forgotten.has(name));
    // If this fails, the state is not trusted.
    if (rest?.length !== known.length) {
      await store.write(key, rest && JSON.stringify({ ...data, known: rest }));
    }
    const runs = data.runs + 1;
    const isTrusted = options === optionsOf(rule) &&
      runs < (rule.fullCheckEvery ?? FULL_CHECK_EVERY);
    if (isTrusted) taken = { runs, known };
  });
  return taken;
}

/**
 * Puts the state of a repository into the store.
 *
 * @returns warnings
 */
export async function putState(
  { repository, runs, known }: RuleState & { readonly repository: string },
  context: RuleContext,
): Promise<string[]> {
  const warnings: string[] = [];
  await use(repository, context, warnings, (store, key) => {
    let left = MAX_CHARS;
    const text = JSON.stringify({
      version: 1,
      repository,
      options: optionsOf(context.rule),
      runs,
      known: known.filter((image) => (left -= JSON.stringify(image).length) >= 0),
    });
    return store.write(key, text);
  });
  return warnings;
}

/**
 * Whether the digest of the source decides whether an image is complete at its target. It does not if referrers or digest tags have
 * to be compared as well, or blobs. For one image, a list of tags would save nothing.
 */
function remembers({ state, rule, isReadOnly }: RuleContext): boolean {
  const { type, fastCheck, copy: { referrers = true, digestTags = true, recheck } } = rule;
  return state !== undefined && !isReadOnly && type !== "image" && !recheck &&
    (fastCheck || !referrers && !digestTags);
}

async function use(
  repository: string,
  context: RuleContext,
  warnings: string[],
  call: (store: StateStore, key: string) => Promise<void>,
): Promise<void> {
  const { state, rule: { name }, signal } = context;
  if (!state) return;
  try {
    const key = await digestBytes(new TextEncoder().encode(JSON.stringify([name, repository])));
    const limits = [AbortSignal.timeout(TIMEOUT_MS), ...signal ? [signal] : []];
    await abortable(call(state, key), AbortSignal.any(limits));
  } catch (error) {
    signal?.throwIfAborted();
    const why = error instanceof Error ? error.message : error;
    addWarning(`remembered state of ${repository}: ${why}`, warnings, context);
  }
}

function optionsOf({ copy, mediaTypes, fastCheck }: SyncRule): string {
  return JSON.stringify([copy, mediaTypes, fastCheck]);
}
