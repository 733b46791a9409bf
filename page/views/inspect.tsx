import type { JSX } from "preact";

export function InspectView(): JSX.Element {
  return <h1>Inspect</h1>;
}
