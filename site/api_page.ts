/** Makes the page of an export: signatures from docs/api, with the comments of the sources. */

export interface ApiModule {
  readonly name: string;
  /** As in an import. */
  readonly specifier: string;
  /** The file in docs/api. */
  readonly signatures: string;
  readonly documentation: DenoDoc;
}

/** The part of the output of `deno doc --json` that is used. */
export interface DenoDoc {
  readonly nodes: Readonly<
    Record<string, {
      readonly module_doc?: { readonly doc?: string };
      readonly symbols: readonly {
        readonly name: string;
        readonly declarations: readonly { readonly jsDoc?: JsDoc }[];
      }[];
    }>
  >;
}

interface JsDoc {
  readonly doc?: string;
  readonly tags?: readonly {
    readonly kind: string;
    readonly name?: string;
    readonly doc?: string;
  }[];
}

const DECLARATION =
  /^(?:async )?(?:abstract )?(?:function\*?|const|let|class|interface|type|namespace) (\w+)/;

export function toApiPage({ specifier, signatures, documentation }: ApiModule): string {
  const [module] = Object.values(documentation.nodes);
  const signaturesOf = groupSignatures(signatures);
  const link = (text: string): string => linkNames(text, signaturesOf);
  const sections = [...signaturesOf].map(([name, code]) => {
    const declarations = module?.symbols.find((symbol) => symbol.name === name)?.declarations ?? [];
    const texts = declarations.map(({ jsDoc }) => jsDoc && describe(jsDoc)).filter(Boolean);
    const text = [...new Set(texts)].join("\n\n");
    return `## ${name}\n\n${link(text)}\n\n\`\`\`ts\n${code}\n\`\`\`\n`;
  });
  return `# ${specifier}\n\n${link(module?.module_doc?.doc ?? "")}\n\n${sections.join("\n")}`;
}

/** The signatures of each name, in the order of the file. */
function groupSignatures(text: string): Map<string, string> {
  const found = new Map<string, string[]>();
  let lines: string[] = [];
  for (const line of text.split("\n")) {
    const [, name] = DECLARATION.exec(line) ?? [];
    if (name !== undefined) {
      lines = found.get(name) ?? [];
      found.set(name, lines);
    }
    if (line !== "") lines.push(line);
  }
  return new Map([...found].map(([name, lines]) => [name, lines.join("\n")]));
}

function describe({ doc = "", tags = [] }: JsDoc): string {
  const parameters = tags.filter(({ kind, doc }) => kind === "param" && doc)
    .map(({ name, doc }) => `- \`${name}\`: ${oneLine(doc)}`);
  const rest = tags.flatMap(({ kind, doc }) => {
    if (!doc) return [];
    if (kind === "return") return [`Returns ${oneLine(doc)}`];
    if (kind === "throws") return [`Throws ${oneLine(doc)}`];
    return kind === "default" ? [`Default: ${oneLine(doc)}`] : [];
  });
  return [doc.trim(), parameters.join("\n"), ...rest].filter((text) => text !== "").join("\n\n");
}

function oneLine(text = ""): string {
  return text.trim().replaceAll(/\s+/g, " ");
}

/** `{@linkcode copy}` becomes a link to the section of that name. */
function linkNames(text: string, names: ReadonlyMap<string, unknown>): string {
  return text.replaceAll(
    /\{@link(?:code)? (\w+)\}/g,
    (_, name: string) => names.has(name) ? `[\`${name}\`](#${name.toLowerCase()})` : `\`${name}\``,
  );
}
