import type { JSX } from "preact";

export function RunsView(): JSX.Element {
  return <h1>Runs</h1>;
}
