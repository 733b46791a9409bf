/** What every view gets: the API, the server's set-up, and what the caller may do. */
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Setup } from "../src/config/setup.ts";
import type { Api } from "./api.ts";

export interface PageContext {
  readonly api: Api;
  /** Grows with each sign-in, after which data is loaded again. */
  readonly session: number;
  readonly setup: Setup;
  /** Whether the caller may start copies and runs. A token of the scope `read` may not. */
  readonly mayCopy: boolean;
}

export const Context = createContext<PageContext | undefined>(undefined);

export function usePage(): PageContext {
  const context = useContext(Context);
  if (!context) throw new Error("usePage() outside of Context");
  return context;
}
