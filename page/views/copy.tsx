import type { JSX } from "preact";

export function CopyView(): JSX.Element {
  return <h1>Copy</h1>;
}
