/** The port to what makes a copy durable. */
export interface DurableSteps {
  /**
   * Does `work` and keeps what it gave, which is JSON of any length: asked again under the same name it gives that, without
   * doing it again. Work that fails is tried again, unless its failure is permanent.
   */
  run<Value>(name: string, work: () => Promise<Value>): Promise<Value>;
  /** Waits for a time, in milliseconds since the epoch, under a name of its own. Waited for once, it is over. */
  sleepUntil(name: string, at: number): Promise<void>;
  /** Asks the server's own API, with its guards and limits and without a token. */
  post(path: string, body: unknown): Promise<Response>;
  /** Milliseconds since the epoch. */
  now(): number;
}
