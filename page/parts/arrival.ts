import { useEffect, useRef } from "preact/hooks";

/** Begins at the top when the part of a view changes, as a browser does for a new page. */
export function useArrival(part: string): void {
  const isFirst = useRef(true);
  useEffect(() => {
    if (!isFirst.current) {
      scrollTo(0, 0);
      document.getElementById("main")?.focus({ preventScroll: true });
    }
    isFirst.current = false;
  }, [part]);
}
