/** Removes user info and query from URLs in a text. Errors of the host quote URLs, and both parts may contain a signature or a token. */
export function redactUrls(text: string): string {
  return text.replace(
    /\b(https?:\/\/)(?:[^\s/@"')]*@)?([^\s?#"')]*)(?:[?#][^\s"')]*)?/gi,
    "$1$2",
  );
}
