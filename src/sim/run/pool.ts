/**
 * Threads that play runs side by side. A run is a pure function of scenario and seed, so results do not depend on the
 * number of threads.
 */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { perform, type Result, type Work } from "./work.ts";

export type Pool = {
  /** Pieces are begun in the order in which they were handed in. Rejects if the work threw. */
  readonly perform: <W extends Work>(work: W) => Promise<Result<W>>;
  readonly close: () => Promise<void>;
};

/** As many as there are cores. */
export const WORKERS_DEFAULT = availableParallelism();

/** With one worker everything happens in the calling thread. */
export function createPool(workers: number): Pool {
  return workers <= 1 ? inThisThread() : inThreads(workers);
}

// --- internal ---

function inThisThread(): Pool {
  let last: Promise<unknown> = Promise.resolve();
  return {
    perform: (work) => {
      // A turn of the event loop between two pieces: whoever waits for the first can tell of it before the next begins.
      const next = last.then(() => new Promise((resolve) => setImmediate(resolve))).then(() => perform(work));
      last = next.catch(() => undefined);
      return next;
    },
    close: async () => undefined,
  };
}

type Waiting = {
  readonly work: Work;
  readonly resolve: (result: never) => void;
  readonly reject: (error: unknown) => void;
};

function inThreads(count: number): Pool {
  /** BOUNDED: by what the program that owns the pool plays. */
  const queue: Waiting[] = [];
  const idle: Worker[] = [];
  const busy = new Map<Worker, Waiting>();

  const begin = (worker: Worker): void => {
    const next = queue.shift();
    if (next === undefined) {
      idle.push(worker);
      return;
    }
    busy.set(worker, next);
    worker.postMessage(next.work);
  };
  const start = (): Worker => {
    const worker = new Worker(new URL("./worker.js", import.meta.url));
    worker.on("message", (result) => {
      busy.get(worker)?.resolve(result as never);
      busy.delete(worker);
      begin(worker);
    });
    // Thrown by the work: this thread is at its end, another takes its place.
    worker.on("error", (error) => {
      busy.get(worker)?.reject(error);
      busy.delete(worker);
      threads.splice(threads.indexOf(worker), 1, start());
    });
    begin(worker);
    return worker;
  };
  const threads: Worker[] = [];
  for (let index = 0; index < count; index += 1) threads.push(start());

  return {
    perform: (work) =>
      new Promise((resolve, reject) => {
        queue.push({ work, resolve, reject });
        const worker = idle.shift();
        if (worker !== undefined) begin(worker);
      }),
    close: async () => {
      await Promise.all(threads.map((worker) => worker.terminate()));
    },
  };
}
