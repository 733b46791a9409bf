/** Names with values: of a config, of annotations, of a server. */
import type { ComponentChildren, JSX } from "preact";
import { LongText, usePart } from "./cut.tsx";

/** One name with its value. */
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

/** The members of an object, whatever their types. */
export function Pairs({ of }: { readonly of: object }): JSX.Element {
  const { shown, more } = usePart(Object.entries(of));
  return (
    <>
      <dl class="pairs keys">
        {shown.map(([name, value]) => (
          <Fact key={name} name={name}>
            <LongText text={toText(value)} />
          </Fact>
        ))}
      </dl>
      {more}
    </>
  );
}

/** A value of JSON. A config may have any type in any place. */
export function Value({ of }: { readonly of: unknown }): JSX.Element {
  if (Array.isArray(of)) return <Items of={of} />;
  if (typeof of === "object" && of !== null) return <Pairs of={of} />;
  return <LongText text={toText(of)} />;
}

function Items({ of }: { readonly of: readonly unknown[] }): JSX.Element {
  const { shown, more } = usePart(of);
  return (
    <>
      <ul class="bare">
        {shown.map((item, i) => (
          <li key={i}>
            <LongText text={toText(item)} />
          </li>
        ))}
      </ul>
      {more}
    </>
  );
}

function toText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value) ?? "";
}
