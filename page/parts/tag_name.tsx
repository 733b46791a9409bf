import type { JSX } from "preact";

/** The source and the targets of a rule. */
export interface Base {
  readonly source: string;
  readonly targets: readonly string[];
}

/** The names of an image. What all images of a rule have in common is left out: `1.0` of `registry/app:1.0`. */
export function TagName(
  { source, destination, base }: {
    readonly source?: string | undefined;
    readonly destination: string;
    readonly base?: Base | undefined;
  },
): JSX.Element {
  const short = source === undefined ? undefined : shorten(source, base?.source);
  const [target] = base?.targets.length === 1 ? base.targets : [];
  const shortDestination = shorten(destination, target);
  return (
    <span class="tag-name" title={source ? `${source} → ${destination}` : destination}>
      <code>{short ?? shortDestination}</code>
      {short !== undefined && short !== shortDestination && (
        <small>
          {"→\u00a0"}
          <code>{shortDestination}</code>
        </small>
      )}
    </span>
  );
}

function shorten(text: string, base: string | undefined): string {
  return base !== undefined && text.startsWith(base) && /^[:/]./.test(text.slice(base.length))
    ? text.slice(base.length + 1)
    : text;
}
