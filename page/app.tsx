/** The frame of the page: sign-in, navigation, and the view of the route. */
import type { ComponentType, JSX } from "preact";
import { useEffect, useErrorBoundary, useMemo, useRef, useState } from "preact/hooks";
import type { Setup } from "../src/config/setup.ts";
import { createApi, problemOf } from "./api.ts";
import { Context } from "./context.ts";
import type { PageContext } from "./context.ts";
import { mayLeave } from "./leave.ts";
import { endRuns } from "./live.ts";
import { Empty, Loading, ProblemBox } from "./parts/states.tsx";
import { useResource } from "./resource.ts";
import { toLink, useRoute } from "./route.ts";
import { SignIn } from "./sign_in.tsx";
import { keepToken, readToken } from "./token.ts";
import { CopyView } from "./views/copy.tsx";
import { InspectView } from "./views/inspect.tsx";
import { MirrorsView } from "./views/mirrors.tsx";
import { RunsView } from "./views/runs.tsx";
import { SetupView } from "./views/setup.tsx";

const VIEWS: Readonly<Record<string, { readonly name: string; readonly View: ComponentType }>> = {
  mirrors: { name: "Mirrors", View: MirrorsView },
  runs: { name: "Runs", View: RunsView },
  copy: { name: "Copy", View: CopyView },
  inspect: { name: "Inspect", View: InspectView },
  setup: { name: "Set-up", View: SetupView },
};

const FIRST_VIEW = "mirrors";

/** A token, until another one is entered. */
interface Session {
  readonly token: string | undefined;
  readonly number: number;
}

export function App(): JSX.Element {
  const [session, setSession] = useState<Session>(() => ({ token: readToken(), number: 0 }));
  const [needsToken, setNeedsToken] = useState(false);
  const [isLost, setLost] = useState(false);
  const current = useRef(session);
  current.current = session;
  const { token, number } = session;
  const api = useMemo(
    () =>
      createApi({
        ...(token === undefined ? {} : { token }),
        // A late answer about an old token is of no interest.
        onUnauthorized: () => current.current === session && setNeedsToken(true),
        onReach: (isReached) => setLost(!isReached),
      }),
    [session],
  );
  const setup = useResource(`setup ${number}`, async (signal) => {
    const value = await api.call<Setup>("v1/setup", { signal });
    setNeedsToken(false);
    return value;
  });

  function signIn(token: string | undefined): void {
    keepToken(token);
    setNeedsToken(true);
    setSession({ token, number: number + 1 });
  }

  // A view stays as it is while an expired token is replaced.
  const last = useRef<Setup | undefined>(undefined);
  if (setup.value) last.current = setup.value;
  const known = last.current;

  function signOut(): void {
    if (!mayLeave() || !endRuns()) return;
    last.current = undefined;
    signIn(undefined);
  }

  return (
    <>
      {known && (
        <Frame
          api={api}
          session={number}
          setup={known}
          mayCopy={known.open || known.caller?.scope === "copy"}
          isLost={isLost}
          {...(known.open ? {} : { onSignOut: signOut })}
        />
      )}
      {needsToken && (
        <SignIn
          wasRejected={token !== undefined && !setup.isLoading}
          isChecking={token !== undefined && setup.isLoading}
          {...(setup.problem && setup.problem.status !== 401 ? { problem: setup.problem } : {})}
          onToken={signIn}
        />
      )}
      {!needsToken && !known && (
        <main class="alone">
          {setup.problem
            ? (
              <ProblemBox problem={setup.problem} onRetry={setup.reload}>
                {token !== undefined && (
                  <button type="button" onClick={signOut}>Use another token</button>
                )}
              </ProblemBox>
            )
            : <Loading what="the set-up of the server" />}
        </main>
      )}
    </>
  );
}

function Frame(
  { onSignOut, isLost, ...context }: PageContext & {
    readonly onSignOut?: () => void;
    readonly isLost: boolean;
  },
): JSX.Element {
  const route = useRoute();
  const view = route.view || FIRST_VIEW;
  const { setup, api, session, mayCopy } = context;
  const found = Object.hasOwn(VIEWS, view) ? VIEWS[view] : undefined;
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  useEffect(() => {
    document.title = `${found?.name ?? "Not found"} · crossdock`;
    // A screen reader hears the new view. At the first load the browser itself begins at the top.
    if (!isFirst.current) main.current?.focus();
    isFirst.current = false;
  }, [view]);
  const value = useMemo(() => context, [api, session, setup, mayCopy]);
  return (
    <Context.Provider value={value}>
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          // The fragment is the route.
          event.preventDefault();
          main.current?.focus();
        }}
      >
        Skip to the content
      </a>
      <header class="top">
        <a class="brand" href={toLink(FIRST_VIEW)}>
          <img src="assets/icon.svg" alt="" width="20" height="20" />
          crossdock
        </a>
        <nav aria-label="Views">
          {Object.entries(VIEWS).map(([name, { name: label }]) => (
            <a key={name} href={toLink(name)} aria-current={name === view ? "page" : undefined}>
              {label}
            </a>
          ))}
        </nav>
        <p class="who">
          {setup.caller && (
            <span title={mayCopy ? "may read and copy" : "may read only"}>
              {setup.caller.token} <small>{setup.caller.scope}</small>
            </span>
          )}
          {onSignOut && <button type="button" class="plain" onClick={onSignOut}>Sign out</button>}
        </p>
      </header>
      <p class="lost" role="status">
        {isLost && "The server cannot be reached. The page tries again until it can."}
      </p>
      <main id="main" tabIndex={-1} ref={main}>
        {found
          ? <Guarded key={view} View={found.View} />
          : (
            <Empty title={`There is no view “${view}”`}>
              <p>
                <a href={toLink(FIRST_VIEW)}>Show the mirrors</a>
              </p>
            </Empty>
          )}
      </main>
      <footer>
        <a href="docs">HTTP API</a> · crossdock {setup.version} on {HOSTS[setup.host.name]}
      </footer>
    </Context.Provider>
  );
}

/** Shows a fault of a view in its place, so that the others can still be opened. */
function Guarded({ View }: { readonly View: ComponentType }): JSX.Element {
  const [error, reset] = useErrorBoundary();
  return error === undefined ? <View /> : <ProblemBox problem={problemOf(error)} onRetry={reset} />;
}

const HOSTS = { deno: "Deno", node: "Node", bun: "Bun", workerd: "Cloudflare Workers" } as const;
