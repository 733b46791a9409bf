import { connect } from "node:net";

/**
 * Sends a GET over a plain socket and returns everything until the connection ends, one character per byte.
 *
 * An HTTP client may drop the last bytes before a broken connection, as Bun's fetch does.
 */
export function rawGet(host: string, path: string): Promise<{ head: string; body: string }> {
  const [hostname = "", port] = host.split(":");
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    let text = "";
    socket.setEncoding("latin1");
    socket.on("data", (piece) => text += piece);
    socket.on("error", () => {}); // "close" follows
    socket.on("close", () => {
      const end = text.indexOf("\r\n\r\n");
      resolve({ head: text.slice(0, end), body: text.slice(end + 4) });
    });
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  });
}
