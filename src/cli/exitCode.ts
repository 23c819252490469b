/** The exit codes of the program. */

/** 0 fine, 1 failed, 2 wrong usage or settings. */
export type ExitCode = 0 | 1 | 2;
