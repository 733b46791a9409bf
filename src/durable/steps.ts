/** Port to the platform that runs durable steps and stores their results. */
export interface DurableSteps {
  /**
   * Runs `work` and stores its result, which is JSON of any length. Called again with the same name, it returns the stored
   * result without running `work`. Failed work is retried unless the failure is permanent.
   *
   * @param signal ends the retries. The call then rejects at once
   */
  run<Value>(name: string, work: () => Promise<Value>, signal?: AbortSignal): Promise<Value>;
  /** Waits until a time, in milliseconds since the epoch. The name is unique; a resumed run does not wait for it again. */
  sleepUntil(name: string, at: number): Promise<void>;
  /** Sends a POST request to the server's own API: with its guards and limits, but without a token. */
  post(path: string, body: unknown, signal?: AbortSignal): Promise<Response>;
  /** Milliseconds since the epoch. */
  now(): number;
}
