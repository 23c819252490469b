// The memory journal against the suite of all journals.
import { memoryJournal } from "../../src/store/memory.ts";
import { describeJournal } from "../suites/journal.ts";

describeJournal("memory", async () => memoryJournal());
