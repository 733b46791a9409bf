import type { Operation, Route } from "../api/model.ts";

/** Formats an example request as a curl command for a POSIX shell, with the server's URL and the token in variables. */
export function toCurl({ method, path, operation }: Route, example: string): string {
  const { parameters = [], requestBody, security } = operation;
  const values = parameters.flatMap(({ name, in: place, examples }) => {
    const value = examples[example]?.value;
    return value === undefined ? [] : [{ name, place, value: String(value) }];
  });
  const filled = values.filter(({ place }) => place === "path")
    .reduce((text, { name, value }) => text.replace(`{${name}}`, encodeURIComponent(value)), path);
  const query = values.filter(({ place }) => place === "query")
    .map(({ name, value }) => `${name}=${encodeForQuery(value)}`).join("&");
  const body = requestBody?.content["application/json"]?.examples[example]?.value;
  return [
    `curl ${isStream(operation) ? "--no-buffer " : ""}${
      method === "DELETE" ? "--request DELETE " : ""
    }"$CROSSDOCK_URL${filled}${query && `?${query}`}"`,
    ...(security ? ['--header "Authorization: Bearer $CROSSDOCK_TOKEN"'] : []),
    // curl's --json would otherwise accept JSON only, which is not streamed.
    ...(isStream(operation) ? ['--header "Accept: application/x-ndjson"'] : []),
    ...values.filter(({ place }) => place === "header")
      .map(({ name, value }) => `--header ${quote(`${name}: ${value}`)}`),
    ...(body === undefined ? [] : [`--json ${quote(JSON.stringify(body))}`]),
  ].join(" \\\n  ");
}

/** Leaves slashes and colons unescaped: a query allows them, and references are more readable. */
function encodeForQuery(value: string): string {
  return encodeURIComponent(value).replaceAll("%2F", "/").replaceAll("%3A", ":");
}

function isStream({ responses }: Operation): boolean {
  const answer = responses["200"];
  return answer !== undefined && "content" in answer && "text/event-stream" in answer.content;
}

/** Quotes text for a shell. Within single quotes only the single quote is special. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
