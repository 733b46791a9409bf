/** Removes user info and query from URLs in a text: host errors quote URLs, and both may contain a signature or a token. */
export function redactUrls(text: string): string {
  return text.replace(
    /\b(https?:\/\/)(?:[^\s/@"')]*@)?([^\s?#"')]*)(?:[?#][^\s"')]*)?/gi,
    "$1$2",
  );
}
