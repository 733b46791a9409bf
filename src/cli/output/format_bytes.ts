const UNITS = ["KiB", "MiB", "GiB", "TiB"];

/** A size for people: `321 B`, `1.2 MiB`, `120 MiB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${Math.round(bytes)} B`;
  let value = bytes / 1024;
  let index = 0;
  // What would round to 1024 of a unit is 1 of the next.
  while (value >= 1023.5 && index < UNITS.length - 1) {
    value /= 1024;
    index++;
  }
  return `${value < 99.95 ? value.toFixed(1) : value.toFixed(0)} ${UNITS[index]}`;
}
