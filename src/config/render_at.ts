import type { Mistakes, Path } from "./mistakes.ts";
import { isTemplate, parseTemplate } from "../template/parse.ts";
import { checkFields, renderTemplate } from "../template/render.ts";
import type { Surroundings } from "../template/functions.ts";
import type { Data } from "../template/value.ts";

/** Fills in a template of the file; `undefined` where it has a mistake, which is told. */
export type RenderAt = (path: Path, text: string, data: Data) => string | undefined;

/** Makes a renderer. What comes out empty is a mistake, and more so where a variable is not set. */
export function createRenderer(mistakes: Mistakes, surroundings: Surroundings): RenderAt {
  return (path, text, data) => {
    const missing: string[] = [];
    const result = isTemplate(text)
      ? mistakes.try(path, () => {
        const template = parseTemplate(text);
        checkFields(template, data);
        const onMissing = (what: string): void => void missing.push(what);
        return renderTemplate(template, data, { ...surroundings, onMissing }).trim();
      })
      : text.trim();
    if (result !== "") return result;
    mistakes.add(path, ["is empty", ...missing].join("; "));
    return undefined;
  };
}
