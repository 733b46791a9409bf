/** What ran, and why. */
import type { JSX } from "preact";
import type { RunSummary } from "../../src/history/model.ts";

export function Subject(
  { run: { rule, only, missing, source, destination } }: { readonly run: RunSummary },
): JSX.Element {
  return (
    <>
      {rule ?? (
        <>
          Copy of <code>{source}</code> to <code>{destination}</code>
        </>
      )}
      {only !== undefined && (
        <>
          , only <code>{only}</code>
        </>
      )}
      {missing && ", only tags that were missing"}
    </>
  );
}

export function Cause({ run: { by, hook, token } }: { readonly run: RunSummary }): JSX.Element {
  switch (by) {
    case "schedule":
      return <>by its schedule</>;
    case "start":
      return <>because the server started</>;
    case "hook":
      return <>by the webhook {hook}</>;
    case "workflow":
      return <>by a Workflow, for the schedule or a caller</>;
    case "call":
      return token === undefined
        ? <>by a caller of the API</>
        : <>by a call with the token {token}</>;
  }
}
