/** Writes lines to stderr while something else may be displayed there. */
export class StderrLines {
  #print: (line: string) => void;

  /** @param print writes a line while nothing is displayed */
  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  print(line: string): void {
    this.#print(line);
  }

  /** Prints with a function of the progress bars, which knows where they are. Returns a function that ends this. */
  printWith(print: (line: string) => void): () => void {
    const before = this.#print;
    this.#print = print;
    return () => this.#print = before;
  }
}
