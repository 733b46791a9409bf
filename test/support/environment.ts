import process from "node:process";

/**
 * Sets environment variables until the end of the block, for code that reads `process.env`. `undefined` removes one. The variables
 * of the process itself stay: test files that run in parallel on Deno share them.
 */
export function setEnvironment(values: Record<string, string | undefined>): Disposable {
  const before = process.env;
  const replaced = { ...before };
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) delete replaced[name];
    else replaced[name] = value;
  }
  process.env = replaced;
  return {
    [Symbol.dispose]: () => {
      process.env = before;
    },
  };
}

/**
 * The variables of this process that a started program needs: PATH, and the folder of Node's compile cache. Without the cache, each
 * start on Node compiles all sources again.
 */
export function hostVariables(): Record<string, string> {
  const { PATH = "", NODE_COMPILE_CACHE } = process.env;
  return NODE_COMPILE_CACHE === undefined ? { PATH } : { PATH, NODE_COMPILE_CACHE };
}
