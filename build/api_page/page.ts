/** Renders the OpenAPI document as an HTML page. It loads only its style and icon, and runs no scripts. */
import { html } from "hono/html";
import { renderProblems } from "./answers.ts";
import { listRoutes } from "../api/model.ts";
import type { Api, Route, Schema } from "../api/model.ts";
import { minifyHtml } from "./minify_html.ts";
import { listBodies, renderMethod, renderOperation } from "./operation.ts";
import { renderDescribed } from "./schema.ts";
import { renderText } from "./text.ts";
import type { Html } from "./text.ts";

export interface PageOptions {
  /** The URLs of the CSS, relative to that of the page. */
  readonly styles: readonly string[];
}

export async function renderPage(api: Api, { styles }: PageOptions): Promise<string> {
  return minifyHtml(`${await render(api, styles)}`.trim());
}

function render(api: Api, styles: readonly string[]): Html {
  const { title, version, description } = api.info;
  const routes = listRoutes(api);
  return html`
    <!DOCTYPE html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>${title} ${version}: HTTP API</title>
        <link rel="icon" href="assets/icon.svg" type="image/svg+xml">
        ${styles.map((style) => html`<link rel="stylesheet" href="${style}">`)}
      </head>
      <body>
        <a class="skip" href="#main">Skip to the content</a>
        <header>
          <a class="brand"
            href="./"><img src="assets/icon.svg" alt="" width="20" height="20">${title}</a>
          <p><a href="openapi.json">OpenAPI document</a></p>
        </header>
        <div class="columns">
        ${renderContents(api, routes)}
        <main id="main">
          <section aria-label="About">
            <h1>HTTP API <small>${version}</small></h1>
            ${renderText(description)}
            <p>
              The examples read the server's URL and a token from the shell variables
              <code>CROSSDOCK_URL</code> and <code>CROSSDOCK_TOKEN</code>. Every response has the header
              <code>X-Request-Id</code>: the value of the request, or a generated one.
            </p>
          </section>
          ${api.tags.map((tag) => renderTag(tag, routes, api))} ${renderProblems(api)}
          ${renderSchemas(api, routes)}
        </main>
        </div>
      </body>
    </html>
  `;
}

function renderContents(api: Api, routes: readonly Route[]): Html {
  const names = Object.keys(api.components.schemas).sort();
  return html`
    <nav aria-label="Contents">
      ${api.tags.map(({ name }) =>
        html`
          <p><a href="#${toId(name)}">${name}</a></p>
          <ul>${withTag(routes, name).map(renderEntry)}</ul>
        `
      )}
      <p><a href="#problems">Problems</a></p>
      <p><a href="#schemas">Schemas</a></p>
      <ul class="long">${names.map((name) =>
        html`<li><a href="#schema-${name}">${name}</a></li>`
      )}</ul>
    </nav>
  `;
}

function renderEntry({ method, path, operation }: Route): Html {
  return html`<li><a href="#${operation.operationId}">${renderMethod(method)} ${path}</a></li>`;
}

function renderTag(tag: Api["tags"][number], routes: readonly Route[], api: Api): Html {
  const bodies = listBodies(routes);
  const id = toId(tag.name);
  return html`
    <section id="${id}" aria-labelledby="${id}-title">
      <h2 id="${id}-title">${tag.name}</h2>
      ${renderText(tag.description)}
      ${withTag(routes, tag.name).map((route) => renderOperation(route, api, bodies))}
    </section>
  `;
}

/** Schemas of bodies are shown with their operation. */
function renderSchemas({ components: { schemas } }: Api, routes: readonly Route[]): Html {
  const bodies = listBodies(routes);
  const sorted = Object.entries(schemas).filter(([name]) => !bodies.has(name))
    .sort(([a], [b]) => a.localeCompare(b));
  return html`
    <section id="schemas" aria-labelledby="schemas-title">
      <h2 id="schemas-title">Schemas</h2>
      ${sorted.map(([name, schema]) => renderNamed(name, schema))}
    </section>
  `;
}

function renderNamed(name: string, schema: Schema): Html {
  const id = `schema-${name}`;
  return html`
    <article id="${id}">
      <h3><a href="#${id}">${name}</a></h3>
      ${renderDescribed(schema)}
    </article>
  `;
}

function withTag(routes: readonly Route[], tag: string): Route[] {
  return routes.filter(({ operation }) => operation.tags.includes(tag));
}

function toId(tag: string): string {
  return tag.toLowerCase().replaceAll(" ", "-");
}
