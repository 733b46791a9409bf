/** esbuild bundles CSS files that a module imports. */
declare module "*.css";
