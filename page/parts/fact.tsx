import type { ComponentChildren, JSX } from "preact";

/** A name with its value, in a `<dl class="facts">`. */
export function Fact(
  { name, children }: { readonly name: string; readonly children: ComponentChildren },
): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
