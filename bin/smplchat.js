#!/usr/bin/env node
// The command `smplchat`: hands its arguments to the built program.
import { main } from "../dist/cli/main.js";

await main(process.argv.slice(2));
