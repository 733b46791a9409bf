/** A copy that continues without this page. */
import { useEffect, useState } from "preact/hooks";
import type { CopyRequestInput } from "../../src/copy/request.ts";
import type { DurableCopy } from "../../src/durable/durable_copies.ts";
import type { Problem } from "../../src/problem.ts";
import { problemOf } from "../api.ts";
import { usePage } from "../context.ts";
import { useResource } from "../resource.ts";
import { parseRoute, toLink, useRoute } from "../route.ts";

/** The id is in the route, so that a reload continues to watch it. */
export interface DurableWatch {
  readonly id: string;
  readonly copy?: DurableCopy | undefined;
  /** Why the server did not start it. */
  readonly startProblem?: Problem | undefined;
  /** Why its state is unknown. */
  readonly problem?: Problem | undefined;
  readonly isRunning: boolean;
  readonly start: (request: CopyRequestInput) => void;
  readonly cancel: () => void;
  readonly reload: () => void;
  readonly forget: () => void;
}

const POLL_MS = 5000;

export function useDurableCopy(): DurableWatch {
  const { api } = usePage();
  const { rest: id } = useRoute();
  const [startProblem, setStartProblem] = useState<Problem>();
  const [isEnded, setEnded] = useState(false);
  const path = `v1/copies/${encodeURIComponent(id)}`;
  const watch = useResource(
    id ? path : undefined,
    (signal) => api.call<DurableCopy>(path, { signal }),
    isEnded ? {} : { intervalMs: POLL_MS },
  );
  const { value: copy, problem } = watch;
  useEffect(() => {
    setEnded(copy !== undefined && !/queued|running/.test(copy.state) || problem?.status === 404);
  }, [copy?.state, problem?.status]);

  async function change(call: () => Promise<DurableCopy>): Promise<void> {
    setStartProblem(undefined);
    try {
      setId((await call()).id);
      watch.reload();
    } catch (error) {
      setStartProblem(problemOf(error));
    }
  }
  return {
    id,
    copy,
    problem,
    startProblem,
    isRunning: id !== "" && !isEnded,
    reload: watch.reload,
    start(body): void {
      const headers = { prefer: "respond-async" };
      void change(() => api.call("v1/copies", { body, headers }));
    },
    cancel: () => void change(() => api.call(path, { method: "DELETE" })),
    forget(): void {
      setStartProblem(undefined);
      if (id) setId("");
    },
  };
}

function setId(id: string): void {
  const { view, query } = parseRoute(location.hash);
  location.hash = toLink(view, { rest: id, query: Object.fromEntries(query) });
}
