import type { JSX } from "preact";

export function SetupView(): JSX.Element {
  return <h1>Set-up</h1>;
}
