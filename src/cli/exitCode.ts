/** The exit codes of the program. */

/** 0 fine, 1 failed, 2 wrong usage or settings, 3 the input ended with something that reached nobody. */
export type ExitCode = 0 | 1 | 2 | 3;
