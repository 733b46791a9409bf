/** The set-up of the server: what it may do, whether credentials work, its webhooks, and what its host can know. */
import type { JSX } from "preact";
import type { HostInfo, Setup } from "../../src/config/setup.ts";
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
  const { warnings, credentials, hooks, notices, host } = value;
  return (
    <>
      <div class="row">
        <h1>Set-up</h1>
        <p class="quiet">
          {at !== undefined && (
            <>
              Loaded <When at={at} />
            </>
          )} <button type="button" onClick={reload} disabled={isLoading}>Refresh</button>
        </p>
      </div>
      {problem && <ProblemBox problem={problem} onRetry={reload} />}
      {warnings.length > 0
        ? (
          <ul class="warnings" aria-label="Warnings">
            {warnings.map((warning) => (
              <li key={warning}>
                <State kind="warn">warning</State> {warning}
              </li>
            ))}
          </ul>
        )
        : (
          <p>
            <State kind="good">no warning</State> The configuration has no setting that looks wrong.
          </p>
        )}
      <Server {...value} />
      <Allowed {...value} />
      <Credentials credentials={credentials} />
      <Hooks hooks={hooks} isForgetful={host.memory === "isolate"} />
      <Notices notices={notices} />
    </>
  );
}

function Server({ version, host, caller }: Setup): JSX.Element {
  const { api } = usePage();
  const { value: runs, problem } = useResource(
    "history",
    (signal) => api.call<RunList>("v1/runs", { query: { limit: "1" }, signal }),
  );
  return (
    <section>
      <h2>Server</h2>
      <dl class="facts">
        <Fact name="Version">crossdock {version}</Fact>
        <Fact name="Host">{HOSTS[host.name]}</Fact>
        <Fact name="You">
          {!caller
            ? "anyone: this server needs no token"
            : caller.scope === "copy"
            ? `${caller.token}, who may read, copy and run rules`
            : `${caller.token}, who may read everything and start nothing`}
        </Fact>
        <Fact name="Copies">
          {host.durableCopies
            ? "can continue without their caller, as Workflows"
            : "end when their caller disconnects, or when the server stops"}
        </Fact>
        <Fact name="Rules">
          {host.durableRules
            ? "run as Workflows, which continue after an interruption"
            : "run in this server. A run that is interrupted starts again at its next time"}
        </Fact>
        <Fact name="Memory">
          {host.memory === "isolate"
            ? "The last requests of webhooks and the remaining pulls are known per isolate. A Worker has many isolates, so this page can show an old state."
            : "The last requests of webhooks and the remaining pulls are known since the server started."}
        </Fact>
        <Fact name="History">
          {problem ? problem.detail : runs && `${KEPT[runs.history.kept]}: ${runs.history.note}`}
        </Fact>
        <Fact name="API">
          <a href="docs">Description of the HTTP API</a>, <a href="openapi.json">openapi.json</a>
        </Fact>
      </dl>
    </section>
  );
}

const HOSTS: Readonly<Record<HostInfo["name"], string>> = {
  deno: "Deno",
  node: "Node",
  bun: "Bun",
  workerd: "Cloudflare Workers",
};

const KEPT = { memory: "in memory", file: "in a file", kv: "in a KV namespace", none: "not kept" };

function Allowed(
  { allowSources, allowDestinations, allowPrivate, plainHttp }: Setup,
): JSX.Element {
  return (
    <section>
      <h2>Allowed registries</h2>
      <p class="quiet">
        What callers of the API may name. Rules need no entry here. <code>*</code>{" "}
        matches within a part of a name, <code>**</code> any number of parts.
      </p>
      <dl class="facts">
        <Fact name="Sources">
          <Globs of={allowSources} empty="none: CROSSDOCK_ALLOW_SOURCES is not set" />
        </Fact>
        <Fact name="Destinations">
          <Globs of={allowDestinations} empty="none: CROSSDOCK_ALLOW_DESTINATIONS is not set" />
        </Fact>
        <Fact name="Private hosts">
          <Globs of={allowPrivate} empty="none: private addresses are rejected" />
        </Fact>
        <Fact name="Without TLS">
          <Globs of={plainHttp} empty="none, except on loopback" />
        </Fact>
      </dl>
    </section>
  );
}

function Globs(
  { of, empty }: { readonly of: readonly string[]; readonly empty: string },
): JSX.Element {
  return of.length === 0 ? <span class="quiet">{empty}</span> : <Value of={of} />;
}

function Notices({ notices }: Pick<Setup, "notices">): JSX.Element {
  return (
    <section>
      <h2>Notices</h2>
      {notices.length === 0
        ? (
          <p class="quiet">
            Nobody is notified of copies and failures. Add a receiver to <code>webhooks.out</code>
            {" "}
            in crossdock.yaml.
          </p>
        )
        : (
          <table class="notices">
            <caption>Receivers of notices about the copies of rules</caption>
            <thead>
              <tr>
                <th scope="col">Receiver</th>
                <th scope="col">Events</th>
              </tr>
            </thead>
            <tbody>
              {notices.map(({ host, events }, i) => (
                <tr key={i}>
                  <th scope="row">{host}</th>
                  <td>{events.join(", ")}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
    </section>
  );
}
