/** Asks before a view is left whose work would be lost: for another view, and with the tab. */
import { useEffect } from "preact/hooks";
import { parseRoute } from "./route.ts";

let asked: { readonly fragment: string; readonly question: string } | undefined;

// Added when the page is loaded, and therefore called before the listeners that change the view.
addEventListener("hashchange", (event) => {
  if (!asked) return;
  const { fragment } = asked;
  if (parseRoute(location.hash).view === parseRoute(fragment).view || mayLeave()) return;
  event.stopImmediatePropagation();
  history.replaceState(null, "", fragment);
});

/** Asks, if work would be lost. */
export function mayLeave(): boolean {
  return !asked || confirm(asked.question);
}

/** @param question `undefined` asks nothing */
export function useLeaveQuestion(question: string | undefined): void {
  useEffect(() => {
    if (question === undefined) return;
    asked = { fragment: location.hash, question };
    const onUnload = (event: BeforeUnloadEvent): void => event.preventDefault();
    addEventListener("beforeunload", onUnload);
    return () => {
      asked = undefined;
      removeEventListener("beforeunload", onUnload);
    };
  }, [question]);
}
