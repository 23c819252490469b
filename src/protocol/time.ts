/**
 * The times of a node. A clock that only goes forward drives it. The wall clock is used for stamps and for showing times.
 */

/** Milliseconds of a clock that only goes forward; drives every timer. */
export type Millis = number;

/** Milliseconds since 1970 as the host's wall clock says; only shown and stamped. */
export type UnixMillis = number;

export type Now = { readonly mono: Millis; readonly wall: UnixMillis };
