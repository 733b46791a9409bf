import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { ConfiguredCredential } from "../../src/config/setup.ts";
import type { Problem } from "../../src/problem.ts";
import type { AccessCheck } from "../../src/registry/check_access.ts";
import { problemOf } from "../api.ts";
import { usePage } from "../context.ts";
import { Empty, ProblemBox } from "../parts/states.tsx";
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
          <Empty title="No credential is configured">
            <p>
              The server reads and writes without one. Add credentials to <code>creds</code>{" "}
              in crossdock.yaml, or to <code>CROSSDOCK_REGISTRY_AUTH</code>.
            </p>
          </Empty>
        )
        : (
          <div class="scroll">
            <table class="credentials">
              <caption class="hidden">Registries that have a credential</caption>
              <thead>
                <tr>
                  <th scope="col">Registry</th>
                  <th scope="col">Credential from</th>
                  <th scope="col">Check</th>
                </tr>
              </thead>
              <tbody>
                {credentials.map(({ registry, from }) => {
                  const body = { name: registry, access: "pull" } as const;
                  const outcome = outcomes[keyOf(body)];
                  return (
                    <tr key={`${registry} ${from}`}>
                      <th scope="row">{registry}</th>
                      <td>{from}</td>
                      <td>
                        {registry.startsWith("*") ? "check one of its repositories below" : (
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
                      </td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
          </div>
        )}
      <form
        class="check"
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
              push{mayCopy ? "" : " (needs the scope copy)"}
            </option>
          </select>
        </div>
        <button type="submit" disabled={!typed.name || isRunning(outcomes[keyOf(typed)])}>
          Check access
        </button>
      </form>
      {!credentials.some(({ registry }) => registry === typed.name && access === "pull") && (
        <Result outcome={outcomes[keyOf(typed)]} access={access} />
      )}
      <p class="quiet">
        A check of push opens an upload in the repository and cancels it. It writes nothing.
      </p>
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
  { result, from, sources, repository }: AccessCheck,
  access: Access,
): [Kind, string, string] {
  switch (result) {
    case "accepted":
      return ["good", "works", `The registry accepts the credential from ${from}.`];
    case "refused":
      return [
        "bad",
        "rejected",
        `The registry rejects the credential from ${from}. It is wrong, has expired` +
        `${repository === undefined ? "" : `, or may not ${access} there`}: replace it there.`,
      ];
    case "anonymous":
      return ["none", "anonymous", "There is no credential, and the registry requires none."];
    case "none":
      return [
        "bad",
        "no credential",
        "The registry requires a credential, and the server has none for it. Add one to creds in " +
        `crossdock.yaml or to CROSSDOCK_REGISTRY_AUTH. Searched: ${sources.join(", ")}.`,
      ];
  }
}
