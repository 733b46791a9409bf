/** The set-up of the server: what it may do, whether credentials work, its webhooks, and what its host can know. */
import type { JSX } from "preact";
import type { Setup } from "../../src/config/setup.ts";
import type { RunList } from "../../src/history/model.ts";
import { usePage } from "../context.ts";
import { Fact, Value } from "../parts/facts.tsx";
import { ProblemBox } from "../parts/states.tsx";
import { State, When } from "../parts/text.tsx";
import { useResource } from "../resource.ts";
import { Credentials } from "../setup/credentials.tsx";
import { Hooks } from "../setup/hooks.tsx";

const INTERVAL_MS = 15_000;

export function SetupView(): JSX.Element {
  const { api, setup: first } = usePage();
  const { value = first, problem, at, isLoading, reload } = useResource(
    "setup",
    (signal) => api.call<Setup>("v1/setup", { signal }),
    { intervalMs: INTERVAL_MS },
  );
  const { warnings, credentials, hooks, notices } = value;
  return (
    <>
      <div class="row head">
        <h1>Set-up</h1>
        <button type="button" onClick={reload} disabled={isLoading}>Refresh</button>
        {at && (
          <span class="quiet">
            loaded <When at={at} />
          </span>
        )}
      </div>
      {problem && <ProblemBox problem={problem} onRetry={reload} />}
      {warnings.map((warning) => (
        <p key={warning} class="problem">
          <State kind="warn">warning</State> {warning}
        </p>
      ))}
      <Server {...value} />
      <Allowed {...value} />
      <Credentials credentials={credentials} />
      <Hooks hooks={hooks} />
      <section>
        <h2>Notices</h2>
        <p class="quiet">
          {notices.length === 0
            ? "Nobody is notified of failures: webhooks.out in crossdock.yaml adds receivers."
            : "Receivers, and what they are notified of."}
        </p>
        <dl class="pairs">
          {notices.map(({ host, events }, i) => <Fact key={i} name={host}>{events.join(", ")}
          </Fact>)}
        </dl>
      </section>
    </>
  );
}

function Server({ version, host, caller, warnings }: Setup): JSX.Element {
  const { api } = usePage();
  const { value: runs, problem } = useResource(
    "history",
    (signal) => api.call<RunList>("v1/runs", { query: { limit: "1" }, signal }),
  );
  return (
    <section>
      <h2>Server</h2>
      <dl class="pairs">
        <Fact name="Version">
          {version} on {host.name} · <a href="docs">HTTP API</a>
        </Fact>
        <Fact name="Configuration">
          {warnings.length === 0 ? <State kind="good">no warnings</State> : "see the warnings"}
        </Fact>
        <Fact name="You">
          {caller
            ? `${caller.token}: may ${
              caller.scope === "copy" ? "read, copy and run rules" : "read, and start nothing"
            }`
            : "anyone: no token is needed"}
        </Fact>
        <Fact name="Copies">
          {host.durableCopies
            ? "can continue without their caller"
            : "end when their caller disconnects"}
        </Fact>
        <Fact name="Rules">
          {host.durableRules
            ? "continue after an interruption"
            : "run again at their next time after an interruption"}
        </Fact>
        <Fact name="Memory">
          {host.memory === "isolate"
            ? "Each isolate of the Worker knows only its own webhooks and remaining pulls, so some are missing here."
            : "Webhooks and remaining pulls are known since the server started."}
        </Fact>
        <Fact name="History">{problem ? problem.detail : runs?.history.note}</Fact>
      </dl>
    </section>
  );
}

function Allowed(
  { allowSources, allowDestinations, allowPrivate, plainHttp }: Setup,
): JSX.Element {
  const lists = [
    ["Sources", allowSources, "SOURCES"],
    ["Destinations", allowDestinations, "DESTINATIONS"],
    ["Private hosts", allowPrivate, "PRIVATE"],
    ["Without TLS", plainHttp],
  ] as const;
  return (
    <section>
      <h2>Allowed registries</h2>
      <p class="quiet">What callers may name. Rules need no entry.</p>
      <dl class="pairs">
        {lists.map(([name, globs, variable]) => (
          <Fact key={name} name={name}>
            {globs.length > 0
              ? <Value of={globs} />
              : `none${variable ? `: CROSSDOCK_ALLOW_${variable} is empty` : ""}`}
          </Fact>
        ))}
      </dl>
    </section>
  );
}
