/** Keeps the token of the API for this tab of the browser. Nothing else is kept, and there is no cookie. */

/** Servers below different paths of one origin have different tokens. */
const KEY = `crossdock token ${location.pathname}`;

export function readToken(): string | undefined {
  try {
    return sessionStorage.getItem(KEY) ?? undefined;
  } catch {
    // The browser keeps nothing for this page. The token is asked for again at each load.
    return undefined;
  }
}

export function keepToken(token: string | undefined): void {
  try {
    if (token === undefined) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, token);
  } catch {
    // As above.
  }
}
