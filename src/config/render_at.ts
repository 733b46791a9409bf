import { isTemplate, parseTemplate } from "../template/parse.ts";
import { checkFields, renderTemplate } from "../template/render.ts";
import type { TemplateInputs } from "../template/functions.ts";
import type { Data } from "../template/value.ts";
import type { ConfigNode } from "./config_node.ts";

/** Renders the template at a node: `undefined` if there is none, or if it has a mistake, which is reported. */
export type RenderAt = (node: ConfigNode, data?: Data) => string | undefined;

/** Creates a renderer. An empty result is a mistake: an unset variable must not become an anonymous login. */
export function createRenderer(inputs: TemplateInputs): RenderAt {
  return (node, data = {}) => {
    if (typeof node.value !== "string") return undefined;
    const { text } = node;
    const missing: string[] = [];
    const result = isTemplate(text)
      ? node.try(() => {
        const template = parseTemplate(text);
        checkFields(template, data);
        const onMissing = (what: string): void => void missing.push(what);
        return renderTemplate(template, data, { ...inputs, onMissing }).trim();
      })
      : text.trim();
    if (result !== "") {
      // A part of a name that is missing makes another name.
      const isHandled = /\b(?:default|if|or)\b/.test(text);
      if (missing.length > 0 && !isHandled) node.addWarning(missing.join("; "));
      return result;
    }
    node.addMistake(["is empty", ...missing].join("; "));
    return undefined;
  };
}
