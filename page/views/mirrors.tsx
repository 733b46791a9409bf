import type { JSX } from "preact";

export function MirrorsView(): JSX.Element {
  return <h1>Mirrors</h1>;
}
