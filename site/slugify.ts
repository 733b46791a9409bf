/** The anchor of a heading, as GitHub makes it. */
export function slugify(heading: string): string {
  return heading.trim().toLowerCase().replaceAll(/[^\p{L}\p{N}\p{M}_\- ]/gu, "").replaceAll(
    " ",
    "-",
  );
}
