/** What bench/workerd.ts holds ours against: a Worker that passes one body on, and does nothing else. */
export default {
  async fetch(request: Request): Promise<Response> {
    const { from, to }: RelayRequest = await request.json();
    const { body } = await fetch(from);
    return await fetch(to, { method: "PUT", body });
  },
};

export interface RelayRequest {
  /** A blob. */
  readonly from: string;
  /** An upload's location, with the digest. */
  readonly to: string;
}
