/** Waits for something that another process brings about. */
export async function until(isSo: () => boolean): Promise<void> {
  const endMs = Date.now() + 20_000;
  while (!isSo()) {
    if (Date.now() > endMs) throw new Error("it did not come so far");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
