// The store in memory against the suite of all stores.
import { memoryStore } from "../../src/store/memory.ts";
import { describeStore } from "../suites/store.ts";

describeStore("memory", () => ({ store: memoryStore(), settle: () => undefined }));
