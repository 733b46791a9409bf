// What workerd does and the types of Workers do not say, for tsconfig.worker.json.

/** A timer that was never set is left alone, as everywhere. */
declare function clearTimeout(timeoutId: number | undefined): void;
