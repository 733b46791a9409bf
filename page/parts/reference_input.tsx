/** A field for the name of an image. It offers the tags of the repository. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useState } from "preact/hooks";
import { usePage } from "../context.ts";
import { useResource } from "../resource.ts";
import type { Resource } from "../resource.ts";
import { readName } from "./reference_name.ts";
import type { Name } from "./reference_name.ts";

/** No request at each key. */
const TYPING_MS = 400;

/** A browser shows about ten at a time. */
const MAX_OFFERED = 50;

const order = new Intl.Collator(undefined, { numeric: true });

/** A name that is being typed may end with the colon before its tag. */
export function readTyped(text: string): Name | undefined {
  return readName(text.trim().replace(/([^:/]):$/, "$1"));
}

/** The tags of the repository that a text names, when the typing pauses. The highest versions come first. */
export function useTags(text: string): Resource<readonly string[]> {
  const { api } = usePage();
  // Without a slash it may be the beginning of a registry.
  const repository = text.includes("/") ? readTyped(text)?.repository : undefined;
  const [settled, setSettled] = useState(repository);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(repository), TYPING_MS);
    return () => clearTimeout(timer);
  }, [repository]);
  return useResource(settled === repository ? settled : undefined, async (signal) => {
    const query = { repository: settled };
    const { tags } = await api.call<{ tags: string[] }>("v1/tags", { query, signal });
    return tags.filter((tag) => !/^sha\d+-/.test(tag)).sort((a, b) => order.compare(b, a));
  });
}

/** The tags that fit to what was typed. */
export function matchTags(tags: readonly string[], text: string): readonly string[] {
  const { tag = "" } = readTyped(text) ?? {};
  return tags.filter((one) => one.includes(tag));
}

export function ReferenceInput(
  { label, value, onValue, tags = [], about, mistake, placeholder, isRequired, children }: {
    readonly label: string;
    readonly value: string;
    readonly onValue: (value: string) => void;
    readonly tags: readonly string[] | undefined;
    /** What there is to say about the name. */
    readonly about: string;
    /** What is wrong with the name. */
    readonly mistake?: string | undefined;
    readonly placeholder?: string;
    readonly isRequired?: boolean;
    readonly children?: ComponentChildren;
  },
): JSX.Element {
  const id = useId();
  const text = value.trim();
  const [base] = /^.*\/|/.exec(text) ?? [""];
  const [last] = text.slice(base.length).split(/[:@]/);
  return (
    <div class="field reference">
      <label for={id}>{label}</label>
      <input
        id={id}
        list={`${id}-tags`}
        value={value}
        required={isRequired}
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        placeholder={placeholder ?? "registry/repository:tag"}
        aria-describedby={`${id}-about`}
        aria-invalid={mistake !== undefined}
        onInput={({ currentTarget }) => onValue(currentTarget.value)}
      />
      <datalist id={`${id}-tags`}>
        {matchTags(tags, text).slice(0, MAX_OFFERED).map((tag) => (
          <option key={tag} value={`${base}${last}:${tag}`} />
        ))}
      </datalist>
      <p id={`${id}-about`} class={mistake ? "mistake" : "quiet"} aria-live="polite">
        {mistake ?? about}
      </p>
      {children}
    </div>
  );
}
