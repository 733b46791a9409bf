import type { ComposedRules, ComposeRulesOptions, RulesHost } from "./compose_rules.ts";

export interface RulesOnUse extends ComposedRules {
  /** Loads the modules before they are used, so that no request waits for them. */
  readonly load: () => Promise<unknown>;
}

/** Wires the rules of a server as `composeRules` does, and loads its modules on first use: most servers have no rules. */
export function composeRulesOnUse(host: RulesHost, options: ComposeRulesOptions): RulesOnUse {
  let composed: ComposedRules | undefined;

  // Shares the result and no promise: on Workers a request must not wait for a promise of another request.
  async function load(): Promise<ComposedRules> {
    const { composeRules } = await import("./compose_rules.ts");
    return composed ??= composeRules(host, options);
  }

  return {
    load,
    dispatch: async (...args) => await (await load()).dispatch(...args),
    rules: {
      rules: options.config.sync.rules,
      run: async (...args) => await (await load()).rules.run(...args),
      status: async (...args) => await (await load()).rules.status(...args),
      ...(host.durableRules
        ? { start: async (rule) => await (await load()).rules.start!(rule) }
        : {}),
    },
    receiveHook: async (...args) => await (await load()).receiveHook(...args),
    deliverNotice: async (...args) => await (await load()).deliverNotice(...args),
    performStep: async (...args) => await (await load()).performStep(...args),
  };
}
