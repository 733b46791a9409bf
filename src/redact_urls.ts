/** Takes user info and query off URLs: a host's own errors quote them, and either may hold a signature or a token. */
export function redactUrls(text: string): string {
  return text.replace(
    /\b(https?:\/\/)(?:[^\s/@"')]*@)?([^\s?#"')]*)(?:[?#][^\s"')]*)?/gi,
    "$1$2",
  );
}
