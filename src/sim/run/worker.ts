/** A thread of the pool: does the work that it is sent, one piece after another. */
import { parentPort } from "node:worker_threads";
import { perform, type Work } from "./work.ts";

parentPort?.on("message", (work: Work) => parentPort?.postMessage(perform(work)));
