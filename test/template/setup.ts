import { parseTemplate } from "../../src/template/parse.ts";
import { renderTemplate } from "../../src/template/render.ts";
import type { TemplateInputs } from "../../src/template/functions.ts";

export const DATA = {
  Ref: { Registry: "registry.example", Repository: "team/app", Tag: "1.2", Digest: "" },
  Sync: { Source: "gcr.io/proj/app", Target: "x", Type: "image" },
};

/** 2026-03-07 14:05:09.123 UTC, a Saturday. */
const NOW = Date.UTC(2026, 2, 7, 14, 5, 9, 123);

export const SURROUNDINGS: TemplateInputs = {
  env: { USER: "ann", EMPTY: "", __proto__: null as never },
  now: NOW,
  readFile: (path) => path === "/run/token" ? " secret\n" : undefined,
};

export function render(text: string, inputs = SURROUNDINGS): string {
  return renderTemplate(parseTemplate(text), DATA, inputs);
}
