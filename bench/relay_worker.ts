/** The baseline of bench/workerd.ts: a Worker that only pipes one response body into a request. */
export default {
  async fetch(request: Request): Promise<Response> {
    const { from, to }: RelayRequest = await request.json();
    const { body } = await fetch(from);
    return await fetch(to, { method: "PUT", body });
  },
};

export interface RelayRequest {
  /** URL of a blob. */
  readonly from: string;
  /** URL of an upload, with the digest. */
  readonly to: string;
}
