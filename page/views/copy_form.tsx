/** The form of a copy: two names, checked while they are typed, and options. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useState } from "preact/hooks";
import type { Report } from "../../src/copy/model.ts";
import { usePage } from "../context.ts";
import type { Resource } from "../resource.ts";
import { count } from "../parts/format.ts";
import { readTyped, ReferenceInput, useTags } from "../parts/reference_input.tsx";
import { readName } from "../parts/reference_name.ts";
import { listChanged, OPTIONS, suggestDestination } from "./copy_request.ts";
import type { CopyForm, CopyOption } from "./copy_request.ts";

/** What the server said about fields, by their names. */
export type FieldProblems = Readonly<Record<string, string | undefined>>;

interface FormProps {
  readonly form: CopyForm;
  readonly onChange: (form: CopyForm) => void;
  readonly problems: FieldProblems;
}

export function NameFields(
  { form, onChange, problems, report }: FormProps & {
    /** The report of the copy. After it the destination may have one more tag. */
    readonly report: Report | undefined;
  },
): JSX.Element {
  const { setup } = usePage();
  const { source = "", destination = "" } = form;
  const name = readName(source);
  const sourceTags = useTags(source);
  const destinationTags = useTags(destination);
  useEffect(() => {
    if (report) destinationTags.reload();
  }, [report]);
  const suggested = name && suggestDestination(name, setup.allowDestinations);
  const set = (field: string) => (text: string): void =>
    onChange({ ...form, [field]: text || undefined });
  return (
    <div class="names">
      <NameField
        label="Source"
        value={source}
        onInput={set("source")}
        problem={problems["source"]}
        tags={sourceTags}
        allowed={setup.allowSources}
        note={(tags, tag = "latest") =>
          tags.includes(tag) || readName(source)?.digest
            ? `${count(tags.length, "tag")} in this repository`
            : undefined}
        missing={(tag) => `This repository has no tag ${tag}.`}
      />
      <span class="arrow" aria-hidden="true">→</span>
      <NameField
        label="Destination"
        value={destination}
        onInput={set("destination")}
        problem={problems["destination"]}
        tags={destinationTags}
        allowed={setup.allowDestinations}
        note={(tags, tag) =>
          tags.includes(tag ?? name?.tag ?? "latest")
            ? "This tag exists. The plan shows whether it moves."
            : "A new tag in this repository."}
        absent="A new repository: the copy creates it, if the registry allows that."
      >
        {suggested && destination === "" && (
          <button
            type="button"
            class="plain"
            onClick={() => set("destination")(suggested)}
          >
            Use {suggested}
          </button>
        )}
      </NameField>
    </div>
  );
}

function NameField(
  { label, value, onInput, problem, tags, allowed, note, missing, absent, children }: {
    readonly label: string;
    readonly value: string;
    readonly onInput: (text: string) => void;
    readonly problem: string | undefined;
    readonly tags: Resource<readonly string[]>;
    readonly allowed: readonly string[];
    /** What the tags of the repository say about the name. */
    readonly note: (tags: readonly string[], tag: string | undefined) => string | undefined;
    /** What to say when the repository lacks the tag. Default: nothing. */
    readonly missing?: (tag: string) => string;
    /** What to say when there is no such repository. Default: it is a problem. */
    readonly absent?: string;
    readonly children?: ComponentChildren;
  },
): JSX.Element {
  const name = readTyped(value);
  const isTyped = value.trim() !== "";
  const isAbsent = absent !== undefined && tags.problem?.code === "not_found";
  const found = tags.value && note(tags.value, name?.tag);
  const mistake = problem ??
    (isTyped && !name
      ? "Expected registry/repository:tag, for example docker.io/library/alpine:3.22."
      : tags.problem && !isAbsent
      ? [tags.problem.detail, tags.problem.hint].filter(Boolean).join("; ")
      : tags.value && !found && missing
      ? missing(name?.tag ?? "latest")
      : undefined);
  const about = isAbsent
    ? absent
    : found ?? (tags.isLoading
      ? "Looking for its tags…"
      : allowed.length > 0
      ? `Allowed here: ${allowed.slice(0, 4).join(", ")}${allowed.length > 4 ? ", …" : ""}`
      : "This server allows none: its allow-list is empty.");
  return (
    <ReferenceInput
      label={label}
      value={value}
      onValue={onInput}
      tags={tags.value}
      about={about}
      mistake={mistake}
      isRequired
    >
      {children}
    </ReferenceInput>
  );
}

export function OptionFields({ form, onChange, problems }: FormProps): JSX.Element {
  const changed = listChanged(form).length;
  const hasProblem = OPTIONS.some(({ name }) => problems[name]);
  const [isOpen, setOpen] = useState(changed > 0);
  useEffect(() => {
    if (hasProblem) setOpen(true);
  }, [hasProblem]);
  return (
    <details
      class="options"
      open={isOpen}
      onToggle={({ currentTarget }) => setOpen(currentTarget.open)}
    >
      <summary>
        Options{changed > 0 && <small>{count(changed, "change")}</small>}
      </summary>
      <div class="grid">
        {OPTIONS.map((option) => (
          <OptionField
            key={option.name}
            option={option}
            value={form[option.name]}
            problem={problems[option.name]}
            onChange={(value) => onChange({ ...form, [option.name]: value })}
          />
        ))}
      </div>
    </details>
  );
}

function OptionField(
  { option: { label, help, kind, choices = [] }, value, problem, onChange }: {
    readonly option: CopyOption;
    readonly value: string | undefined;
    readonly problem: string | undefined;
    readonly onChange: (value: string | undefined) => void;
  },
): JSX.Element {
  const id = useId();
  const shared = {
    id,
    "aria-describedby": `${id}-about`,
    "aria-invalid": problem !== undefined,
  };
  const about = <p id={`${id}-about`} class={problem ? "mistake" : "quiet"}>{problem ?? help}</p>;
  if (kind === "on" || kind === "off") {
    // The route has an option only if it is not at its default.
    const isChanged = value !== undefined;
    return (
      <div class="field box">
        <input
          {...shared}
          type="checkbox"
          checked={isChanged === (kind === "on")}
          onChange={() => onChange(isChanged ? undefined : kind)}
        />
        <div>
          <label for={id}>{label}</label>
          {about}
        </div>
      </div>
    );
  }
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {kind === "choice"
        ? (
          <select
            {...shared}
            value={value ?? choices[0]}
            onChange={({ currentTarget: { value, selectedIndex } }) =>
              onChange(selectedIndex === 0 ? undefined : value)}
          >
            {choices.map((name) => <option key={name}>{name}</option>)}
          </select>
        )
        : (
          <input
            {...shared}
            value={value ?? ""}
            autocomplete="off"
            spellcheck={false}
            onInput={({ currentTarget: { value } }) => onChange(value || undefined)}
          />
        )}
      {about}
    </div>
  );
}
