const ARCHIVE = /\.(tar(\.\w+)?|tgz)$/i;

/** Whether a name ends like that of a tar file. */
export function isArchiveName(name: string): boolean {
  return ARCHIVE.test(name);
}

/** A hint for the path of a folder or file without a transport: how to write it. */
export function suggestTransport(path: string): string {
  // A shell expands ~ only at the beginning of a word.
  const shown = /^[\x20-\x7e]+$/.test(path) ? path.replace(/^~(?=\/|$)/, "$HOME") : "PATH";
  return isArchiveName(path)
    ? `write docker-archive:${shown} for a file of docker save, or oci-archive:${shown}`
    : `write oci:${shown} for an OCI layout, dir:${shown} for a folder of skopeo, ` +
      `or docker-archive:${shown} for a tar file`;
}
