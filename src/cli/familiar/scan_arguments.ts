/** Splits a command line into flags, their values and operands, as commander and Go's pflag do. */

export type Argument =
  | { readonly kind: "operand"; readonly text: string }
  /** A flag, such as `--src-tls` or `-q`. */
  | {
    readonly kind: "flag";
    readonly flag: string;
    /** Missing if the flag has none, or the command line ends before it. */
    readonly value?: string | undefined;
    /** Whether the value follows in the same argument: `--flag=value`, `-fvalue`. */
    readonly isInline: boolean;
    /** How messages show the flag, if not by its name. */
    readonly shown?: string;
  }
  /** `--` and everything after it. */
  | { readonly kind: "rest"; readonly words: readonly string[] };

/**
 * @param hasValue whether a flag has a value; undefined if the flag is unknown
 */
export function scanArguments(
  words: readonly string[],
  hasValue: (flag: string) => boolean | undefined,
): Argument[] {
  const found: Argument[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? "";
    if (word === "--") {
      found.push({ kind: "rest", words: words.slice(index) });
      break;
    }
    if (!word.startsWith("-") || word === "-") {
      found.push({ kind: "operand", text: word });
      continue;
    }
    const flags = word.startsWith("--") ? [splitLong(word)] : splitShorts(word, hasValue);
    for (const { flag, value } of flags) {
      if (value !== undefined) found.push({ kind: "flag", flag, value, isInline: true });
      else if (!hasValue(flag)) found.push({ kind: "flag", flag, isInline: false });
      else found.push({ kind: "flag", flag, value: words[++index], isInline: false });
    }
  }
  return found;
}

interface Split {
  readonly flag: string;
  readonly value?: string;
}

function splitLong(word: string): Split {
  const equals = word.indexOf("=");
  if (equals < 0) return { flag: word };
  return { flag: word.slice(0, equals), value: word.slice(equals + 1) };
}

/** Splits `-aq`, `-j4` and `-j=4`. `-debug`, with a dash too few, stays whole. */
function splitShorts(word: string, hasValue: (flag: string) => boolean | undefined): Split[] {
  const [name = ""] = word.split("=");
  const isLong = name.length > 2 && hasValue(`-${name}`) !== undefined;
  if (isLong && hasValue(name.slice(0, 2)) === undefined) return [{ flag: name }];
  const found: Split[] = [];
  for (let index = 1; index < word.length; index++) {
    const flag = `-${word[index]}`;
    const rest = word.slice(index + 1);
    const isKnown = hasValue(flag);
    if (rest.startsWith("=")) return [...found, { flag, value: rest.slice(1) }];
    // The rest of an unknown flag can be its value.
    if (isKnown === undefined) return [...found, { flag }];
    if (isKnown && rest !== "") return [...found, { flag, value: rest }];
    found.push({ flag });
  }
  return found;
}
