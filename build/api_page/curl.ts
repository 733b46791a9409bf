import type { Operation, Route } from "../api/model.ts";

/** An example of an operation's request as a command line for a POSIX shell, with the server and the token in variables. */
export function toCurl({ method, path, operation }: Route, example: string): string {
  const { parameters = [], requestBody, security } = operation;
  const given = parameters.flatMap(({ name, in: place, examples }) => {
    const value = examples[example]?.value;
    return value === undefined ? [] : [{ name, place, value: String(value) }];
  });
  const filled = given.filter(({ place }) => place === "path")
    .reduce((text, { name, value }) => text.replace(`{${name}}`, encodeURIComponent(value)), path);
  const query = given.filter(({ place }) => place === "query")
    .map(({ name, value }) => `${name}=${encodeForQuery(value)}`).join("&");
  const body = requestBody?.content["application/json"]?.examples[example]?.value;
  return [
    `curl ${isStream(operation) ? "--no-buffer " : ""}${
      method === "DELETE" ? "--request DELETE " : ""
    }"$CROSSDOCK_URL${filled}${query && `?${query}`}"`,
    ...(security ? ['--header "Authorization: Bearer $CROSSDOCK_TOKEN"'] : []),
    ...given.filter(({ place }) => place === "header")
      .map(({ name, value }) => `--header ${quote(`${name}: ${value}`)}`),
    ...(body === undefined ? [] : [`--json ${quote(JSON.stringify(body))}`]),
  ].join(" \\\n  ");
}

/** Slashes and colons mean nothing in a query, and references are made of them. */
function encodeForQuery(value: string): string {
  return encodeURIComponent(value).replaceAll("%2F", "/").replaceAll("%3A", ":");
}

function isStream({ responses }: Operation): boolean {
  const answer = responses["200"];
  return answer !== undefined && "content" in answer && "text/event-stream" in answer.content;
}

/** Nothing is special to a shell between single quotes, but these themselves. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
