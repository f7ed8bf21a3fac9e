/** When a server that ended is started again. Pure. */

export interface Survival {
  /** When the process that ended had been started, in ms. */
  startedAt: number;
  /** When the server ended before, in ms; the present end is not among them. */
  endedAt: readonly number[];
}

const FIRST_SECONDS_MS = 5_000;
const WINDOW_MS = 3 * 60_000;
const ENDS_IN_WINDOW = 3;

/** Not when it ended in its first seconds, as it would again; nor when it ends too often. */
export function mayRestart({ startedAt, endedAt }: Survival, now: number): boolean {
  const recent = endedAt.filter((time) => now - time < WINDOW_MS);
  return now - startedAt >= FIRST_SECONDS_MS && recent.length < ENDS_IN_WINDOW;
}
