import type { JSX } from "preact";
import { useId, useMemo, useState } from "preact/hooks";
import { usePage } from "../context.ts";
import { useResource } from "../resource.ts";
import { count } from "./format.ts";

/** A browser shows about ten at a time. */
const MAX_OFFERED = 50;

const order = new Intl.Collator(undefined, { numeric: true });

/** A field for the name of an image. After `registry/repository:` it offers the tags of the repository. */
export function ReferenceInput(
  { label, value, onValue, placeholder = "registry/repository:tag" }: {
    readonly label: string;
    readonly value: string;
    readonly onValue: (value: string) => void;
    readonly placeholder?: string;
  },
): JSX.Element {
  const { api } = usePage();
  const id = useId();
  // A name from a link is complete: it needs no list.
  const [isTyped, setTyped] = useState(false);
  const [, repository, typed = ""] = /^\s*([^\s@]+\/[^\s/:@]+):([^\s/:@]*)$/.exec(value) ?? [];
  const key = isTyped && repository !== undefined ? `tags ${repository}` : undefined;
  const { value: list, problem, isLoading } = useResource(
    key,
    (signal) => api.call<{ tags: string[] }>("v1/tags", { query: { repository }, signal }),
  );
  const tags = useMemo(
    () => list?.tags.toSorted((one, other) => order.compare(other, one)) ?? [],
    [list],
  );
  const matching = tags.filter((tag) => tag.includes(typed));
  return (
    <div class="reference">
      <label for={id}>{label}</label>
      <input
        id={id}
        list={`${id}-tags`}
        value={value}
        placeholder={placeholder}
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        aria-describedby={`${id}-help`}
        onInput={({ currentTarget }) => {
          setTyped(true);
          onValue(currentTarget.value);
        }}
      />
      <datalist id={`${id}-tags`}>
        {matching.slice(0, MAX_OFFERED).map((tag) => (
          <option key={tag} value={`${repository}:${tag}`} />
        ))}
      </datalist>
      <small id={`${id}-help`} role="status">
        {key === undefined
          ? ""
          : problem
          ? `No tags: ${problem.detail}`
          : isLoading && !list
          ? "Loading tags…"
          : matching.length < tags.length
          ? `${matching.length} of ${count(tags.length, "tag")}`
          : count(tags.length, "tag")}
      </small>
    </div>
  );
}
