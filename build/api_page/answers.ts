/** Renders the responses of operations: successes per operation, problems in one shared section. */
import { html } from "hono/html";
import { PROBLEMS } from "../../src/problem.ts";
import type { Answer, Api, Header } from "../api/model.ts";
import { renderContent, renderType } from "./schema.ts";
import { renderTable } from "./table.ts";
import { renderLine } from "./text.ts";
import type { Html } from "./text.ts";

export function renderAnswers(answers: readonly { status: string; answer: Answer }[]): Html {
  const successes = answers.filter(({ status }) => status.startsWith("2"));
  const problems = answers.filter(({ status }) => !status.startsWith("2"));
  const rows = successes.map(({ status, answer }) =>
    [status, renderContent(answer.content), renderMeaning(answer)] as const
  );
  const links = problems.map(({ status }) =>
    html`
      <a href="#problem-${status}">${status}</a>
    `
  );
  return html`
    <h4>Responses</h4>
    ${renderTable(["Status", "Body", "Meaning"], rows)}
    ${links.length > 0 ? html`<p class="problems">Problems: ${links}</p>` : ""}
  `;
}

/** Renders the section of problems, by status and by code. */
export function renderProblems({ components: { responses } }: Api): Html {
  const statuses = Object.entries(responses).map(([name, answer]) => {
    const status = name.replace("Problem", "");
    return { status, answer };
  }).sort((a, b) => a.status.localeCompare(b.status));
  return html`
    <section id="problems" aria-labelledby="problems-title">
      <h2 id="problems-title">Problems</h2>
      <p>
        The body is a <a href="#schema-Problem">Problem</a> with the media type
        <code>application/problem+json</code>.
      </p>
      ${renderTable(
        ["Status", "Meaning"],
        statuses.map(({ status, answer }) => [
          html`<span id="problem-${status}">${status}</span>`,
          renderMeaning(answer),
        ]),
      )}
      <h3 class="apart" id="problem-codes">Codes</h3>
      <p>
        The <code>code</code> identifies the error. It has the status below, with these exceptions: 401 for an invalid
        token of the caller, 408, 413 and 415 for the body, 422 for a digest that the caller named, and 503 if the
        server is busy.
      </p>
      ${renderTable(
        ["Code", "Status", "Meaning"],
        Object.entries(PROBLEMS).map(([code, { status, title }]) => [
          html`<code id="problem-${code}">${code}</code>`,
          status,
          title,
        ]),
      )}
    </section>
  `;
}

/** Renders the description of a response, and the headers that not every response has. */
function renderMeaning({ description, headers }: Answer): Html {
  const special = Object.entries(headers).filter(([name]) => name !== "X-Request-Id");
  return html`${renderLine(description)}${special.map(renderHeader)}`;
}

function renderHeader([name, { required, description, schema }]: [string, Header]): Html {
  const meaning = schema.enum ? renderType(schema) : renderLine(description ?? "");
  const optional = required ? "" : html`
    <small>optional</small>
  `;
  return html`<br><code>${name}</code>: ${meaning}${optional}`;
}
