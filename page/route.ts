/** The route of the page: `#/runs/ID?rule=app`. It is a fragment, so one file serves all views, below any path of the server. */
import { useEffect, useState } from "preact/hooks";

export interface Route {
  /** The first part of the path: the name of a view. */
  readonly view: string;
  /** The rest of the path, for example the id of a run. */
  readonly rest: string;
  readonly query: URLSearchParams;
}

export function parseRoute(fragment: string): Route {
  const [path = "", query = ""] = splitOnce(fragment.replace(/^#?\/?/, ""), "?");
  const [view = "", rest = ""] = splitOnce(path, "/");
  return { view, rest: decode(rest), query: new URLSearchParams(query) };
}

/** The link to a route. Parameters without a value are left out. */
export function toLink(
  view: string,
  { rest = "", query = {} }: {
    readonly rest?: string;
    readonly query?: Readonly<Record<string, string | undefined>>;
  } = {},
): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] =>
    Boolean(entry[1])
  );
  const text = new URLSearchParams(given).toString();
  return `#/${view}${rest && `/${encodeURIComponent(rest)}`}${text && `?${text}`}`;
}

export function useRoute(): Route {
  const [fragment, setFragment] = useState(location.hash);
  useEffect(() => {
    const update = (): void => setFragment(location.hash);
    addEventListener("hashchange", update);
    // It may have changed since the first rendering, which comes before this effect.
    update();
    return () => removeEventListener("hashchange", update);
  }, []);
  return parseRoute(fragment);
}

/** Changes the parameters of the current route without a new entry in the browser's history. */
export function replaceQuery(query: Readonly<Record<string, string | undefined>>): void {
  const { view, rest, query: old } = parseRoute(location.hash);
  const merged = { ...Object.fromEntries(old), ...query };
  history.replaceState(null, "", toLink(view, { rest, query: merged }));
  dispatchEvent(new HashChangeEvent("hashchange"));
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

/** Someone may have typed the fragment. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
