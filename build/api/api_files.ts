/** The files of src/server/api: the API's document and page, as every host serves them. */
import { fileURLToPath } from "node:url";
import { renderPage } from "../api_page/page.ts";
import { describeApi } from "./document.ts";

/** Texts by the paths of their files. */
export async function apiFiles(): Promise<Readonly<Record<string, string>>> {
  const document = describeApi();
  const { html, policy } = await renderPage(document);
  return {
    [pathOf("openapi.json")]: toText(document),
    // Line by line, so that a change can be read.
    [pathOf("page.json")]: toText({ policy, lines: html.split("\n") }),
  };
}

function pathOf(name: string): string {
  return fileURLToPath(new URL(`../../src/server/api/${name}`, import.meta.url));
}

function toText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
