/** The version of package.json. A bundle with the whole file would be larger. */
export const PACKAGE_VERSION = "0.2.0";
