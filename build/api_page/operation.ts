/** One operation: what it does, what it takes, what it answers, and examples of both. */
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
  const good = answers.filter(({ status }) => status.startsWith("2"));
  return html`
    <article id="${operationId}" aria-labelledby="${operationId}-title">
      <h3 id="${operationId}-title"><a href="#${operationId}">${summary}</a></h3>
      <p class="route">${renderMethod(method)} <code>${path}</code> ${renderScope(operation)}</p>
      ${renderText(description)} ${parameters.length > 0 ? renderParameters(parameters) : ""}
      ${requestBody ? renderBody(requestBody.content, api) : ""} ${renderAnswers(answers)}
      ${good.flatMap(({ status, answer }) => renderExamples(route, status, answer))}
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

/** The fields stand here, too, so that a call can be written from one place. */
function renderBody(content: Content, { components }: Api): Html {
  const schema = components.schemas[nameOf(content["application/json"]?.schema.$ref ?? "")];
  return html`
    <h4>Body</h4>
    <p>${renderContent(content)}</p>
    ${schema && !schema.oneOf ? renderSchema(schema) : ""}
  `;
}

/** The examples of an answer that have a request: one of the same name, or none where an operation takes nothing. */
function renderExamples(route: Route, status: string, { content }: Answer): Html[] {
  const { requestBody, parameters = [] } = route.operation;
  const bodies = requestBody?.content["application/json"]?.examples ?? {};
  const takesNothing = !requestBody && parameters.length === 0;
  const isAsked = (name: string): boolean =>
    takesNothing || name in bodies || parameters.some(({ examples }) => name in examples);
  const [mediaType, answer] = Object.entries(content)[0] ?? [];
  return Object.entries(answer?.examples ?? {}).filter(([name]) => isAsked(name))
    .map(([name, { value }]) =>
      html`
        <h4>Example: ${toWords(name)}</h4>
        ${name in bodies ? renderCode("Body", format(bodies[name]?.value)) : ""}
        ${renderCode("With curl", toCurl(route, name))}
        ${renderCode(`${status} ${mediaType}`, format(value))}
      `
    );
}

/** Can be reached by the keyboard, since it may have to be scrolled. */
function renderCode(caption: string, text: string): Html {
  return html`
    <figure>
      <figcaption>${caption}</figcaption>
      <pre tabindex="0" role="group" aria-label="${caption}"><code>${text}</code></pre>
    </figure>
  `;
}

/** What is no JSON stands as it is. */
function format(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

/** `respondAsync` as people write it: respond async. */
function toWords(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
