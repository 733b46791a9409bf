/** Lists of tags: pages, Links, page sizes, and entries that are no tags. */
import assert from "node:assert/strict";
import { expectExit, expectFailure, refusal } from "../attempts.ts";
import type { Attempt, FaultCase, Outcome } from "../fault_case.ts";
import type { Scene } from "../scene.ts";

const LIST = "/v2/app/tags/list";

/** Lists the tags of `app` at a server that answers each page. */
async function list(
  scene: Scene,
  answer: (query: URLSearchParams) => Response,
  check: (outcome: Outcome) => void,
): Promise<Attempt> {
  const { host } = await scene.serve(({ url }) => {
    const { pathname, searchParams } = new URL(url);
    return pathname === LIST ? answer(searchParams) : Response.json({});
  });
  const repository = `${host}/app`;
  return {
    source: repository,
    destination: "",
    command: ["tags", repository],
    get: `/v1/tags?${new URLSearchParams({ repository })}`,
    check,
  };
}

function page(tags: readonly unknown[], link?: string): Response {
  return Response.json({ name: "app", tags }, link === undefined ? {} : { headers: { link } });
}

/** Expects these tags and no others. */
function expectTags(outcome: Outcome, wanted: readonly string[]): void {
  expectExit(outcome, 0);
  const { output } = outcome;
  const tags = output.startsWith("{")
    ? JSON.parse(output).tags
    : output.trim().split("\n").filter((line) => !/^(warning|crossdock)/.test(line));
  assert.deepEqual([...tags].sort(), [...wanted].sort());
}

const LINKS = [
  ["plain", `<${LIST}?page=2>; rel="next"`],
  ["no-quotes", `<${LIST}?page=2>; rel=next`],
  ["no-angle-brackets", `${LIST}?page=2; rel="next"`],
  ["several-relations", `<${LIST}?page=2>; rel="last next"`],
  ["several-links", `<${LIST}>; rel="first", <${LIST}?page=2>; rel="next"`],
  ["relative-query", `<?page=2>; rel="next"`],
  ["upper-case", `<${LIST}?page=2>; REL="NEXT"`],
  ["comma-in-url", `<${LIST}?page=2&x=a,b;c>; rel="next"`],
] as const;

export const cases: readonly FaultCase[] = [
  ...LINKS.map(([name, link]): FaultCase => ({
    id: `link-${name}`,
    situation: `The next page is named by \`Link: ${link}\`.`,
    needs: ["crossdock"],
    start: (scene) =>
      list(
        scene,
        (query) => query.get("page") === "2" ? page(["2"]) : page(["1"], link),
        (outcome) => expectTags(outcome, ["1", "2"]),
      ),
  })),
  ...([
    ["unreadable", "see page 2"],
    ["loop", `<${LIST}?page=1>; rel="next"`],
  ] as const).map(([name, link]): FaultCase => ({
    id: `link-${name}`,
    situation: `Each page has \`Link: ${link}\`. The list must not end early in silence.`,
    needs: ["crossdock"],
    start: (scene) =>
      list(scene, () => page(["1"], link), (outcome) => expectFailure(outcome, { codes: [11] })),
  })),
  {
    id: "link-page-missing",
    situation: "The second page is answered 404. The list must not end early in silence.",
    needs: ["crossdock"],
    start: (scene) =>
      list(
        scene,
        (query) =>
          query.has("page")
            ? refusal(404, "NAME_UNKNOWN")
            : page(["1"], `<${LIST}?page=2>; rel="next"`),
        (outcome) => expectFailure(outcome, { codes: [4, 11] }),
      ),
  },
  {
    id: "full-page-without-link",
    situation: "The registry gives pages of the requested size and no Link; `last` continues.",
    needs: ["crossdock"],
    start(scene): Promise<Attempt> {
      const all = Array.from({ length: 1500 }, (_, i) => `t${String(i).padStart(4, "0")}`);
      return list(scene, (query) => {
        const last = query.get("last") ?? "";
        const left = all.filter((tag) => tag > last);
        return page(left.slice(0, Number(query.get("n") ?? 1000)));
      }, (outcome) => expectTags(outcome, all));
    },
  },
  ...[[0, "every page size"], [100, "page sizes above 100"], [1000, "page sizes above 1000"]].map((
    [most = 0, what],
  ): FaultCase => ({
    id: `page-size-${most}`,
    situation: `The registry answers 400 PAGINATION_NUMBER_INVALID to ${what}.`,
    needs: ["crossdock"],
    start: (scene) =>
      list(
        scene,
        (query) =>
          Number(query.get("n") ?? 0) > Number(most)
            ? refusal(400, "PAGINATION_NUMBER_INVALID")
            : page(["1", "2"]),
        (outcome) => expectTags(outcome, ["1", "2"]),
      ),
  })),
  {
    id: "odd-tags",
    situation: "The list has null, empty and too long entries, and entries with spaces or a dash.",
    needs: ["crossdock"],
    start: (scene) =>
      list(
        scene,
        () => page([null, "", "1", "a b", "-x", "y".repeat(200), "2"]),
        (outcome) => expectTags(outcome, ["1", "2"]),
      ),
  },
  {
    id: "tags-null",
    situation: "The list is `null`, as Go programs write an empty one.",
    needs: ["crossdock"],
    start: (scene) =>
      list(
        scene,
        () => Response.json({ name: "app", tags: null }),
        (outcome) => expectExit(outcome, 0),
      ),
  },
];
