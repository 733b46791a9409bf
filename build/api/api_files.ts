/** Generates the files of src/server/api: the OpenAPI document and the page, which every host serves. */
import { fileURLToPath } from "node:url";
import { renderPage } from "../api_page/page.ts";
import { describeApi } from "./document.ts";

/** File contents by file path. */
export async function apiFiles(): Promise<Readonly<Record<string, string>>> {
  const document = describeApi();
  const { html, policy } = await renderPage(document);
  return {
    [pathOf("openapi.json")]: toText(document),
    // One array item per line, so that diffs are readable.
    [pathOf("page.json")]: toText({ policy, lines: html.split("\n") }),
  };
}

function pathOf(name: string): string {
  return fileURLToPath(new URL(`../../src/server/api/${name}`, import.meta.url));
}

function toText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
