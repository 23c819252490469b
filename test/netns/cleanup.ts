/** What must happen however a test process ends: normally, by a signal, or by an exception. */

/** Runs `cleanup`, which must be synchronous, when this process ends. */
export function atEnd(cleanup: () => void): void {
  if (cleanups.push(cleanup) === 1) {
    process.once("exit", runAll);
    // The test runner died: nobody is left to report to.
    process.once("disconnect", () => {
      runAll();
      process.kill(process.pid, "SIGKILL");
    });
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.once(signal, () => {
        runAll();
        process.kill(process.pid, signal);
      });
    }
  }
}

// --- internal ---

/** BOUNDED: one per module that holds something. */
const cleanups: (() => void)[] = [];

function runAll(): void {
  // Last in, first out: processes end before the network that they are in.
  for (const cleanup of cleanups.splice(0).reverse()) cleanup();
}
