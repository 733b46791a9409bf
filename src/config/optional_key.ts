/** An object with one key, or without any if the value is `undefined`. For spreads, as in `{ ...optionalKey("a", a) }`. */
export function optionalKey<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): { [Key in Name]?: Value } {
  return value === undefined ? {} : { [name]: value } as { [Key in Name]: Value };
}
