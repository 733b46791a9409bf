/** Removes from a registry's text what was sent to it: a debug page or a proxy may return the headers of the request. */

/** Shorter texts are names such as `me`; removing them would make messages unreadable. */
const MIN_SECRET_LENGTH = 6;

/** Tokens are renewed every few minutes. A response never comes so late that it quotes an older one. */
const MAX_SECRETS = 200;

/** The secrets that a client has sent. */
export class SentSecrets {
  readonly #secrets = new Set<string>();

  /** Records the Authorization header, the signed query and the form of one request. */
  add({ url, headers, body }: { url: URL; headers: Headers; body?: unknown }): void {
    const authorization = headers.get("authorization");
    if (authorization !== null) this.#addAuthorization(authorization);
    if (/sig|token|_state/i.test(url.search)) {
      this.#add(url.search.slice(1), ...secretValues(url.searchParams));
    }
    const isForm = headers.get("content-type")?.startsWith("application/x-www-form-urlencoded");
    if (isForm && typeof body === "string") this.#add(body, ...new URLSearchParams(body).values());
  }

  redact(text: string): string {
    // The longest first: one secret can contain another.
    const secrets = [...this.#secrets].sort((a, b) => b.length - a.length);
    return secrets.reduce(
      (rest, secret) => redactCut(rest.replaceAll(secret, "***"), secret),
      text,
    );
  }

  #addAuthorization(value: string): void {
    const encoded = value.slice(value.indexOf(" ") + 1);
    this.#add(encoded);
    if (!/^basic /i.test(value)) return;
    const decoded = new TextDecoder().decode(
      Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0)),
    );
    const password = decoded.slice(decoded.indexOf(":") + 1);
    this.#add(decoded, password, JSON.stringify(password).slice(1, -1));
  }

  #add(...texts: readonly string[]): void {
    for (const text of texts.filter(({ length }) => length >= MIN_SECRET_LENGTH)) {
      this.#secrets.delete(text);
      this.#secrets.add(text);
      const [oldest] = this.#secrets;
      if (this.#secrets.size > MAX_SECRETS && oldest) this.#secrets.delete(oldest);
    }
  }
}

function secretValues(query: URLSearchParams): string[] {
  return [...query].filter(([name]) => /sig|token|_state/i.test(name)).map(([, value]) => value);
}

/** Removes the beginning of a secret that a quotation cuts off. */
function redactCut(text: string, secret: string): string {
  const start = text.lastIndexOf(secret.slice(0, MIN_SECRET_LENGTH));
  if (start < 0) return text;
  let end = start;
  while (end < text.length && text[end] === secret[end - start]) end += 1;
  return end === text.length || /["…]/.test(text[end] ?? "")
    ? `${text.slice(0, start)}***${text.slice(end)}`
    : text;
}
