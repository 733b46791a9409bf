/** Small parts with a value: states, times, digests, texts to copy. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { formatRelative, formatTime, shortDigest } from "./format.ts";

/** A kind has a colour and a sign, so that nobody depends on the colour. */
export type Kind = "good" | "warn" | "bad" | "busy" | "none";

const SIGNS: Readonly<Record<Kind, string>> = {
  good: "✓",
  warn: "!",
  bad: "×",
  busy: "↻",
  none: "–",
};

/** A state in words, with the colour and the sign of its kind. */
export function State(
  { kind, children }: { readonly kind: Kind; readonly children: ComponentChildren },
): JSX.Element {
  return (
    <span class={`state ${kind}`}>
      <span aria-hidden="true">{SIGNS[kind]}</span> {children}
    </span>
  );
}

/** A time relative to now, with the exact time in the reader's zone on demand. */
export function When({ at }: { readonly at: number }): JSX.Element {
  const now = useNow();
  return (
    <time dateTime={new Date(at).toISOString()} title={formatTime(at)}>
      {formatRelative(at, now)}
    </time>
  );
}

/** The time, renewed every ten seconds. */
function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 10_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

/** The first digits of a digest; a click copies the whole. */
export function Digest({ digest }: { readonly digest: string }): JSX.Element {
  return (
    <CopyButton text={digest} label={`Copy ${digest}`}>
      <code>{shortDigest(digest)}</code>
    </CopyButton>
  );
}

/** A button that copies a text, and says so. */
export function CopyButton(
  { text, label, children }: {
    readonly text: string;
    readonly label: string;
    readonly children?: ComponentChildren;
  },
): JSX.Element {
  const [said, setSaid] = useState("");
  useEffect(() => {
    if (said === "") return;
    const timer = setTimeout(() => setSaid(""), 2000);
    return () => clearTimeout(timer);
  }, [said]);
  async function copy(): Promise<void> {
    // Browsers have no clipboard for pages without TLS, except on loopback.
    const isCopied = await navigator.clipboard?.writeText(text).then(() => true, () => false);
    setSaid(isCopied ? "copied" : "not copied: select the text");
  }
  return (
    <span class="copyable">
      <button
        type="button"
        class="plain"
        title={label}
        aria-label={children ? undefined : label}
        onClick={copy}
      >
        {children ?? "Copy"}
      </button>
      <small role="status">{said}</small>
    </span>
  );
}

/** A browser needs seconds for some millions. */
const MAX_CODE_CHARS = 100_000;

/** A text of several lines to copy: a command, or JSON. */
export function CodeBlock(
  { text, label }: { readonly text: string; readonly label: string },
): JSX.Element {
  return (
    <figure class="code">
      <figcaption>
        {label} <CopyButton text={text} label={`Copy: ${label}`} />
      </figcaption>
      <pre tabIndex={0}><code>{text.slice(0, MAX_CODE_CHARS)}</code></pre>
      {text.length > MAX_CODE_CHARS && (
        <p class="quiet">The rest is not shown. Copy has all of it.</p>
      )}
    </figure>
  );
}
