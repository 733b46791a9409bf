import type { Server, Socket } from "node:net";

/**
 * Follows the connections of a server. The result closes them and the server: `close()` alone waits until the last client leaves,
 * which may be never.
 */
export function closerOf(server: Server): () => Promise<void> {
  const open = new Set<Socket>();
  server.on("connection", (socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
  });
  return async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of open) socket.destroy();
    await closed;
  };
}
