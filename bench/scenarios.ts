/** What the bench measures, as data. */
import type { ProxyOptions } from "../test/registries/proxy.ts";
import type { Repository } from "./corpus.ts";
import type { Action } from "./tools.ts";

export interface Scenario {
  readonly name: string;
  /** For the tables. */
  readonly title: string;
  readonly repository: Repository;
  readonly action: Action;
  /** The number of tags of a repository that is copied as a whole. */
  readonly tags?: number;
  /** The content of the destination before a run. Default: nothing. */
  readonly before?: Repository;
  readonly network?: ProxyOptions;
  /** How often each tool runs. 0: not at all. */
  readonly rounds: { readonly quick: number; readonly full: number };
  /** The tools that take part, if not all that can. */
  readonly tools?: readonly string[];
}

/** The round trip to a registry in another region. Opening a connection costs another one. */
const FAR: ProxyOptions = { latencyMs: 80, connectLatencyMs: 80 };

/** Tools that copy several tags at once. The others need minutes for 300 tags at 80 ms a request. */
const FAST = ["floor", "crane", "Deno", "Node", "Bun", "one file"];

/** For large content, where each run takes seconds. */
const FEW = ["floor", "crane", "oras", "regsync", "Deno", "Node", "Bun"];

const OFTEN = { quick: 3, full: 5 };
const SOMETIMES = { quick: 1, full: 3 };
const ONCE = { quick: 1, full: 1 };
const ONLY_FULL = { quick: 0, full: 1 };

export const SCENARIOS: readonly Scenario[] = [
  image("small", "small: 3 layers of 400 KB"),
  {
    ...image("small", "the same, nothing to do"),
    name: "small-unchanged",
    action: "unchanged",
    before: "small",
  },
  image("typical", "typical: 8 layers, one of 100 MiB", { quick: 2, full: 5 }),
  image("many", "many: 100 layers of 50 and 400 KB"),
  image("multi", "multi: 6 platforms, 21 blobs"),
  { ...image("layers-8", "mount: 9 blobs of a neighbour"), name: "mount", action: "mount" },
  { ...image("artifact", "artifact: a signature, two referrers"), action: "related" },
  repository("tags-300", "repository of 300 tags, first"),
  {
    ...repository("tags-300", "the same, unchanged"),
    name: "tags-300-unchanged",
    before: "tags-300",
  },
  {
    ...repository("tags-300", "the same, unchanged, with a state"),
    name: "tags-300-state",
    action: "state",
    before: "tags-300",
  },
  {
    ...repository("tags-300", "the same, one tag changed"),
    name: "tags-300-changed",
    before: "tags-300-old",
  },
  {
    ...repository("missing-2000", "2,000 tags, nothing missing"),
    action: "missing",
    before: "missing-2000",
  },
  {
    ...image("small", "small, tokens at both sides"),
    name: "small-tokens",
    action: "tokens",
    network: { tokens: true },
  },
  {
    ...image("typical", "typical, 50 MB/s", SOMETIMES),
    name: "typical-50-mb-s",
    network: { bytesPerSecond: 50_000_000 },
  },
  { ...image("small", "small, 80 ms"), name: "small-80-ms", network: FAR },
  { ...image("many", "many, 80 ms", SOMETIMES), name: "many-80-ms", network: FAR },
  { ...image("multi", "multi, 80 ms", SOMETIMES), name: "multi-80-ms", network: FAR },
  {
    ...repository("tags-300", "repository of 300 tags, 80 ms, first", ONLY_FULL),
    name: "tags-300-80-ms",
    network: FAR,
    tools: FAST,
  },
  {
    ...repository("tags-300", "the same, unchanged", ONLY_FULL),
    name: "tags-300-80-ms-unchanged",
    before: "tags-300",
    network: FAR,
    tools: [...FAST, "regsync"],
  },
  {
    ...image("layer-1024", "1 GiB, destination checks", SOMETIMES),
    name: "gib-unhashed",
    action: "unhashed",
  },
  { ...image("layer-1024", "1 GiB, hashed", SOMETIMES), name: "gib-hashed", action: "hashed" },
  { ...image("layer-64", "layer of 64 MiB", ONCE), tools: FEW },
  { ...image("layer-1024", "layer of 1 GiB", ONCE), tools: FEW },
  { ...image("layer-4096", "layer of 4 GiB", ONLY_FULL), tools: FEW },
  { ...repository("tags-30", "30 tags", ONCE), tools: FEW },
  {
    ...repository("tags-3000", "3,000 tags", ONLY_FULL),
    tools: FEW.filter((name) => name !== "regsync"),
  },
  { ...image("layers-10", "10 layers", ONCE), tools: FEW },
  { ...image("layers-100", "100 layers", ONCE), tools: FEW },
  { ...image("layers-500", "500 layers", ONCE), tools: FEW },
];

function image(repository: Repository, title: string, rounds = OFTEN): Scenario {
  return { name: repository, title, repository, action: "copy", rounds };
}

function repository(name: Repository, title: string, rounds = SOMETIMES): Scenario {
  const tags = Number(/\d+/.exec(name)?.[0]);
  return { name, title, repository: name, action: "sync", tags, rounds };
}
