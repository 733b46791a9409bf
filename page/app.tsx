/** The frame of the page: sign-in, navigation, and the view of the route. */
import type { ComponentType, JSX } from "preact";
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Setup } from "../src/config/setup.ts";
import { createApi } from "./api.ts";
import { Context } from "./context.ts";
import type { PageContext } from "./context.ts";
import { Loading, ProblemBox } from "./parts/states.tsx";
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

export function App(): JSX.Element {
  const [token, setToken] = useState(readToken);
  const [needsToken, setNeedsToken] = useState(false);
  const onUnauthorized = useCallback(() => setNeedsToken(true), []);
  const api = useMemo(
    () => createApi({ ...(token === undefined ? {} : { token }), onUnauthorized }),
    [token],
  );
  const key = `setup ${token ?? ""}`;
  const setup = useResource(key, (signal) => api.call<Setup>("v1/setup", { signal }));

  function signIn(token: string | undefined): void {
    keepToken(token);
    setNeedsToken(false);
    setToken(token);
    // The same token, entered again, changes nothing above.
    setup.reload();
  }

  // The views stay behind the form when a token has expired, and while the set-up is loaded with another one.
  const last = useRef<Setup | undefined>(undefined);
  if (setup.value) last.current = setup.value;
  const known = setup.value ?? last.current;
  return (
    <>
      {known && (
        <Frame
          api={api}
          setup={known}
          mayCopy={known.open || known.caller?.scope === "copy"}
          {...(known.open ? {} : {
            onSignOut: () => {
              last.current = undefined;
              signIn(undefined);
            },
          })}
        />
      )}
      {needsToken && <SignIn wasRejected={token !== undefined} onToken={signIn} />}
      {!needsToken && !known && (
        <main class="alone">
          {setup.problem
            ? <ProblemBox problem={setup.problem} onRetry={setup.reload} />
            : <Loading what="the set-up of the server" />}
        </main>
      )}
    </>
  );
}

function Frame(
  { onSignOut, ...context }: PageContext & { readonly onSignOut?: () => void },
): JSX.Element {
  const route = useRoute();
  const view = route.view || FIRST_VIEW;
  const { setup, api, mayCopy } = context;
  const found = VIEWS[view];
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  useEffect(() => {
    document.title = `${found?.name ?? "Not found"} · crossdock`;
    // A screen reader hears the new view. At the first load the browser itself begins at the top.
    if (!isFirst.current) main.current?.focus();
    isFirst.current = false;
  }, [view]);
  const value = useMemo(() => context, [api, setup, mayCopy]);
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
      <main id="main" tabIndex={-1} ref={main}>
        {found ? <found.View key={view} /> : (
          <p>
            There is no view “{view}”. <a href={toLink(FIRST_VIEW)}>Show the mirrors</a>
          </p>
        )}
      </main>
      <footer>
        <a href="docs">HTTP API</a> · crossdock {setup.version} on {HOSTS[setup.host.name]}
      </footer>
    </Context.Provider>
  );
}

const HOSTS = { deno: "Deno", node: "Node", bun: "Bun", workerd: "Cloudflare Workers" } as const;
