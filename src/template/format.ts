import type { Value } from "./value.ts";
import { GoTime } from "./go_time.ts";

/** Formats a value as Go's `%v` does. */
export function formatValue(value: Value): string {
  if (value === undefined) return "<no value>";
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return `[${value.join(" ")}]`;
  if (value instanceof GoTime) return String(value.get("String"));
  if (typeof value === "object" && "number" in value) return String(value.name);
  if (typeof value === "object") throw new TypeError("cannot write a group of fields");
  return String(value);
}

const VERB =
  /%(?<flags>[-0+]*)(?<width>[0-9]{1,3})?(?:\.(?<precision>[0-9]{1,3}))?(?<verb>[a-zA-Z%])/g;

/**
 * Formats values: `%s %v %q %d %x %t %%` with a width, `-` and `0`. https://pkg.go.dev/fmt
 *
 * @throws {TypeError} for another verb, or if values and verbs do not match
 */
export function sprintf(format: string, args: readonly Value[]): string {
  let next = 0;
  const result = format.replace(VERB, (whole, ...rest) => {
    const { flags = "", width = "0", precision, verb } = rest.at(-1) as Record<string, string>;
    if (verb === "%") return "%";
    if (next >= args.length) throw new TypeError(`no value for ${whole}`);
    const written = writeVerb(verb ?? "", args[next++], precision);
    if (flags.includes("-")) return written.padEnd(Number(width));
    const isZeroed = flags.includes("0") && /^-?[0-9a-f]+$/.test(written);
    if (!isZeroed) return written.padStart(Number(width));
    const sign = written.startsWith("-") ? "-" : "";
    return sign + written.slice(sign.length).padStart(Number(width) - sign.length, "0");
  });
  if (next < args.length) throw new TypeError(`more values than verbs in the format`);
  return result;
}

function writeVerb(verb: string, value: Value, precision: string | undefined): string {
  switch (verb) {
    case "v":
    case "s": {
      const text = formatValue(value);
      return precision === undefined ? text : text.slice(0, Number(precision));
    }
    case "q":
      return JSON.stringify(formatValue(value));
    case "t":
      if (typeof value === "boolean") return String(value);
      break;
    case "d":
    case "x": {
      const number = typeof value === "object" && !Array.isArray(value) && "number" in value
        ? value.number
        : value;
      if (typeof number === "number") return number.toString(verb === "x" ? 16 : 10);
      break;
    }
    default:
      throw new TypeError(`the verb %${verb} is not supported`);
  }
  throw new TypeError(`a value has another type than %${verb} expects`);
}
