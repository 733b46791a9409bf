/** A lock between processes: a file that only one of them can create. */
import { randomUUID } from "node:crypto";
import { open, readFile, stat, unlink } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { CallOptions } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import { fileErrorCode, toFileError } from "./layout_error.ts";

/** The owner of an older lock was killed: a change of one small file takes milliseconds. */
const STALE_MS = 60_000;
const FIRST_WAIT_MS = 5;
const LONGEST_WAIT_MS = 100;

/** The last holder of each lock in this process. The others wait for it without asking the file system. */
const lastHolders = new Map<string, Promise<void>>();

/**
 * Runs `work` while no other process holds the lock. A lock that its owner left behind is removed after a minute.
 *
 * @param work receives a function that throws if another process has removed the lock as stale
 */
export async function withLock<Result>(
  path: string,
  work: (checkLock: () => Promise<void>) => Promise<Result>,
  { signal }: CallOptions = {},
): Promise<Result> {
  const before = lastHolders.get(path);
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  lastHolders.set(path, ended);
  try {
    await before;
    return await withLockFile(path, work, { signal });
  } finally {
    if (lastHolders.get(path) === ended) lastHolders.delete(path);
    end();
  }
}

async function withLockFile<Result>(
  path: string,
  work: (checkLock: () => Promise<void>) => Promise<Result>,
  { signal }: CallOptions,
): Promise<Result> {
  const owner = randomUUID();
  for (let waitMs = FIRST_WAIT_MS; !await tryCreate(path, owner);) {
    if (await isStale(path)) await removeStale(path);
    await sleep(waitMs, undefined, signal ? { signal } : {});
    waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
  }
  const isOwn = async (): Promise<boolean> => await readOwner(path) === owner;
  try {
    return await work(async () => {
      if (await isOwn()) return;
      throw new CrossdockError("conflict", `${path}: another process has removed the lock`, {
        hint: "run the same command again",
      });
    });
  } finally {
    if (await isOwn()) await unlink(path).catch(() => {});
  }
}

/** @returns false if the lock exists */
async function tryCreate(path: string, owner: string): Promise<boolean> {
  try {
    const handle = await open(path, "wx");
    try {
      await handle.writeFile(owner);
    } catch (error) {
      // A full disk. Other processes would wait for this lock until it is stale.
      await unlink(path).catch(() => {});
      throw error;
    } finally {
      await handle.close();
    }
    return true;
  } catch (error) {
    if (fileErrorCode(error) === "EEXIST") return false;
    throw toFileError(error, `create lock ${path}`);
  }
}

async function readOwner(path: string): Promise<string | undefined> {
  return await readFile(path, "utf8").catch(() => undefined);
}

async function isStale(path: string): Promise<boolean> {
  try {
    return Date.now() - (await stat(path)).mtimeMs > STALE_MS;
  } catch (error) {
    if (fileErrorCode(error) === "ENOENT") return false;
    throw toFileError(error, `read lock ${path}`);
  }
}

/** Only one process removes a stale lock: another one could otherwise remove the lock that a third has just created. */
async function removeStale(path: string): Promise<void> {
  const removal = `${path}.stale`;
  if (!await tryCreate(removal, "")) {
    if (await isStale(removal)) await unlink(removal).catch(() => {});
    return;
  }
  try {
    if (await isStale(path)) await unlink(path).catch(() => {});
  } finally {
    await unlink(removal).catch(() => {});
  }
}
