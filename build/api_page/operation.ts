/** Renders one operation: description, parameters, body, responses and examples. */
import { html } from "hono/html";
import { nameOf, resolveAnswer } from "../api/model.ts";
import type { Answer, Api, Content, Operation, Parameter, Route } from "../api/model.ts";
import { renderAnswers } from "./answers.ts";
import { toCurl } from "./curl.ts";
import { renderContent, renderName, renderSchema, renderType } from "./schema.ts";
import { renderTable } from "./table.ts";
import { renderLine, renderText } from "./text.ts";
import type { Html } from "./text.ts";

export function renderOperation(route: Route, api: Api): Html {
  const { method, path, operation } = route;
  const { operationId, summary, description, parameters = [], requestBody } = operation;
  const answers = Object.entries(operation.responses).map(([status, answer]) => ({
    status,
    answer: resolveAnswer(answer, api),
  }));
  const successes = answers.filter(({ status }) => status.startsWith("2"));
  return html`
    <article id="${operationId}" aria-labelledby="${operationId}-title">
      <h3 id="${operationId}-title"><a href="#${operationId}">${summary}</a></h3>
      <p class="route">${renderMethod(method)} <code>${path}</code> ${renderScope(operation)}</p>
      ${renderText(description)} ${parameters.length > 0 ? renderParameters(parameters) : ""}
      ${requestBody ? renderBody(requestBody.content, api) : ""} ${renderAnswers(answers)}
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

/** Repeats the schema's fields, so that a reader finds everything about a call in one place. */
function renderBody(content: Content, { components }: Api): Html {
  const schema = components.schemas[nameOf(content["application/json"]?.schema.$ref ?? "")];
  return html`
    <h4>Body</h4>
    <p>${renderContent(content)}</p>
    ${schema && !schema.oneOf ? renderSchema(schema) : ""}
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
