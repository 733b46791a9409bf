/** Renders one operation: description, parameters, body, responses and examples. */
import { html } from "hono/html";
import { nameOf, resolveAnswer } from "../api/model.ts";
import type { Answer, Api, Content, Operation, Parameter, Route } from "../api/model.ts";
import { renderAnswers } from "./answers.ts";
import { toCurl } from "./curl.ts";
import { renderContent, renderDescribed, renderName, renderType } from "./schema.ts";
import { renderTable } from "./table.ts";
import { renderLine, renderText } from "./text.ts";
import type { Html } from "./text.ts";

/** @param bodies from {@linkcode listBodies} */
export function renderOperation(
  route: Route,
  api: Api,
  bodies: ReadonlyMap<string, Route>,
): Html {
  const { method, path, operation } = route;
  const { operationId, summary, description, parameters = [], requestBody } = operation;
  const answers = Object.entries(operation.responses).map(([status, answer]) => ({
    status,
    answer: resolveAnswer(answer, api),
  }));
  const successes = answers.filter(({ status }) => status.startsWith("2"));
  return html`
    <article id="${operationId}">
      <h3><a href="#${operationId}">${summary}</a></h3>
      <p class="route">${renderMethod(method)} <code>${path}</code> ${renderScope(operation)}</p>
      ${renderText(description)} ${parameters.length > 0 ? renderParameters(parameters) : ""}
      ${requestBody ? renderBody(route, requestBody.content, { api, bodies }) : ""} ${renderAnswers(
        answers,
      )}
      ${successes.flatMap(({ status, answer }) => renderExamples(route, status, answer))}
    </article>
  `;
}

export function renderMethod(method: string): Html {
  return html`<span class="method ${method.toLowerCase()}">${method}</span>`;
}

function renderScope({ security }: Operation): Html {
  const scopes = security?.flatMap((schemes) => Object.values(schemes).flat()) ?? [];
  const text = scopes.length === 0 ? "no token" : `token of scope ${scopes.join(", ")}`;
  return html`<span class="scope">${text}</span>`;
}

function renderParameters(parameters: readonly Parameter[]): Html {
  const rows = parameters.map(({ name, in: place, required, schema, examples }) => {
    const [example] = Object.values(examples);
    return [
      html`${renderName(name, required)} <small>in ${place}</small>`,
      renderType(schema),
      html`${renderLine(schema.description ?? "")}<br>Example: <code>${example?.value}</code>`,
    ] as const;
  });
  return html`
    <h4>Parameters</h4>
    ${renderTable(["Name", "Type", "Meaning"], rows)}
  `;
}

/** Finds the operation that shows a schema: the first one with a body of it. */
export function listBodies(routes: readonly Route[]): ReadonlyMap<string, Route> {
  const bodies = new Map<string, Route>();
  for (const route of routes) {
    const name = nameOfBody(route.operation.requestBody?.content ?? {});
    if (name !== "" && !bodies.has(name)) bodies.set(name, route);
  }
  return bodies;
}

function nameOfBody(content: Content): string {
  return nameOf(content["application/json"]?.schema.$ref ?? "");
}

/** Shows the schema here, so that a reader finds everything about a call in one place. */
function renderBody(
  route: Route,
  content: Content,
  { api, bodies }: { readonly api: Api; readonly bodies: ReadonlyMap<string, Route> },
): Html {
  const name = nameOfBody(content);
  const schema = api.components.schemas[name];
  return schema && bodies.get(name) === route
    ? html`
      <h4 id="schema-${name}">Body</h4>
      <p>${renderContent(content)}</p>
      ${renderDescribed(schema)}
    `
    : html`
      <h4>Body</h4>
      <p>${renderContent(content)}</p>
    `;
}

/** Renders the response examples that belong to an example request of the same name, or to an operation without parameters and body. */
function renderExamples(route: Route, status: string, { content }: Answer): Html[] {
  const { requestBody, parameters = [] } = route.operation;
  const bodies = requestBody?.content["application/json"]?.examples ?? {};
  const hasNoInput = !requestBody && parameters.length === 0;
  const hasRequest = (name: string): boolean =>
    hasNoInput || name in bodies || parameters.some(({ examples }) => name in examples);
  const [mediaType, answer] = Object.entries(content)[0] ?? [];
  return Object.entries(answer?.examples ?? {}).filter(([name]) => hasRequest(name))
    .map(([name, { value }]) =>
      html`
        <h4>Example: ${toWords(name)}</h4>
        ${name in bodies ? renderCode("Body", format(bodies[name]?.value)) : ""}
        ${renderCode("With curl", toCurl(route, name))}
        ${renderCode(`${status} ${mediaType}`, format(value))}
      `
    );
}

/** `tabindex` lets keyboard users scroll the code. */
function renderCode(caption: string, text: string): Html {
  return html`
    <figure>
      <figcaption>${caption}</figcaption>
      <pre tabindex="0" role="group" aria-label="${caption}"><code>${text}</code></pre>
    </figure>
  `;
}

/** Formats a value as JSON; a string is already text. */
function format(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

/** Converts camel case to words: `respondAsync` to `respond async`. */
function toWords(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
