import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { ConfiguredCredential } from "../../src/config/setup.ts";
import type { Problem } from "../../src/problem.ts";
import type { AccessCheck } from "../../src/registry/check_access.ts";
import { problemOf } from "../api.ts";
import { usePage } from "../context.ts";
import { ProblemBox } from "../parts/states.tsx";
import { State } from "../parts/text.tsx";
import type { Kind } from "../parts/text.tsx";

type Access = "pull" | "push";

/** The result of a check, or that it is under way. */
type Outcome = { readonly check?: AccessCheck; readonly problem?: Problem };

/** The registries that have a credential, and whether it works: checked only on demand, because each check is a request. */
export function Credentials(
  { credentials }: { readonly credentials: readonly ConfiguredCredential[] },
): JSX.Element {
  const { api, mayCopy } = usePage();
  const [outcomes, setOutcomes] = useState<Readonly<Record<string, Outcome>>>({});
  const [name, setName] = useState("");
  const [access, setAccess] = useState<Access>("pull");
  const typed = { name: name.trim(), access };

  async function check(body: { readonly name: string; readonly access: Access }): Promise<void> {
    const set = (outcome: Outcome): void =>
      setOutcomes((old) => ({ ...old, [keyOf(body)]: outcome }));
    set({});
    await api.call<AccessCheck>("v1/checks", { body }).then(
      (check) => set({ check }),
      (error) => set({ problem: problemOf(error) }),
    );
  }

  return (
    <section>
      <h2>Credentials</h2>
      {credentials.length === 0
        ? (
          <p class="quiet">
            None: the server is anonymous. <code>creds</code> in crossdock.yaml adds them.
          </p>
        )
        : (
          <ul class="credentials bare">
            {credentials.map(({ registry, from }) => {
              const body = { name: registry, access: "pull" } as const;
              const outcome = outcomes[keyOf(body)];
              return (
                <li key={`${registry} ${from}`}>
                  <strong>{registry}</strong>
                  <span class="quiet">from {from}</span>
                  {registry.startsWith("*")
                    ? <span class="quiet">check one of its repositories below</span>
                    : (
                      <button
                        type="button"
                        disabled={isRunning(outcome)}
                        aria-label={`Check ${registry}`}
                        onClick={() => check(body)}
                      >
                        Check
                      </button>
                    )}
                  <Result outcome={outcome} access="pull" />
                </li>
              );
            })}
          </ul>
        )}
      <form
        class="check-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (typed.name) void check(typed);
        }}
      >
        <div>
          <label for="check-name">Registry or repository</label>
          <input
            id="check-name"
            value={name}
            placeholder="registry/repository"
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            onInput={({ currentTarget }) => setName(currentTarget.value)}
          />
        </div>
        <div>
          <label for="check-access">Access</label>
          <select
            id="check-access"
            value={access}
            onChange={({ currentTarget }) => setAccess(currentTarget.value as Access)}
          >
            <option value="pull">pull</option>
            <option value="push" disabled={!mayCopy}>
              push{mayCopy ? "" : ": needs the scope copy"}
            </option>
          </select>
        </div>
        {access === "push" && <small>The check opens an upload, and cancels it.</small>}
        <button type="submit" disabled={!typed.name || isRunning(outcomes[keyOf(typed)])}>
          Check access
        </button>
      </form>
      {!credentials.some(({ registry }) => registry === typed.name && access === "pull") && (
        <Result outcome={outcomes[keyOf(typed)]} access={access} />
      )}
    </section>
  );
}

function keyOf({ name, access }: { readonly name: string; readonly access: Access }): string {
  return `${access} ${name}`;
}

function isRunning(outcome: Outcome | undefined): boolean {
  return outcome !== undefined && !outcome.check && !outcome.problem;
}

function Result(
  { outcome, access }: { readonly outcome: Outcome | undefined; readonly access: Access },
): JSX.Element {
  const { check, problem } = outcome ?? {};
  return (
    <div role="status">
      {isRunning(outcome) && <State kind="busy">checking</State>}
      {problem && <ProblemBox problem={problem} />}
      {check && <Words check={check} access={access} />}
    </div>
  );
}

function Words(
  { check, access }: { readonly check: AccessCheck; readonly access: Access },
): JSX.Element {
  const [kind, state, sentence] = describe(check, access);
  return (
    <p>
      <State kind={kind}>{state}</State> {sentence}
    </p>
  );
}

function describe(
  { result, from, sources }: AccessCheck,
  access: Access,
): [Kind, string, string] {
  switch (result) {
    case "accepted":
      return ["good", "works", `The registry accepts the credential from ${from}.`];
    case "refused":
      return [
        "bad",
        "rejected",
        `The registry rejects the credential from ${from}: replace it, or let its user ${access}.`,
      ];
    case "anonymous":
      return ["none", "anonymous", "There is no credential, and none is required."];
    case "none":
      return [
        "bad",
        "no credential",
        `The registry requires one: add it to creds in crossdock.yaml. Searched: ${
          sources.join(", ")
        }`,
      ];
  }
}
