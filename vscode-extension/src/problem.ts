/** Why the server cannot start, and how we say it: what is wrong, then what to do. */

export type Problem =
  | { kind: "no-interpreter"; rejected: Rejected[]; minimum: string }
  | { kind: "bad-interpreter"; program: string; reason: Reason }
  | { kind: "bad-path"; program: string; detail: string }
  | { kind: "ended"; command: string; detail: string; again: boolean }
  | { kind: "silent"; command: string; seconds: number };

/** What makes an interpreter useless for us. */
export type Reason =
  | { kind: "not-found" }
  | { kind: "not-python"; detail: string }
  | { kind: "too-old"; version: string; oldest: string }
  | { kind: "too-new"; version: string; newest: string }
  | { kind: "no-package"; version: string };

export interface Rejected {
  program: string;
  reason: Reason;
}

/** Carries a problem from where it is met to where the user is told. */
export class StartError extends Error {
  constructor(readonly problem: Problem) {
    super(explain(problem));
  }
}

/** One message: a sentence that says what is wrong, one or two that say what to do. */
export function explain(problem: Problem): string {
  return `Checkpoint IntelliSense could not start: ${sentences(problem)}`;
}

function sentences(problem: Problem): string {
  switch (problem.kind) {
    case "no-interpreter":
      return `no usable Python was found (${problem.rejected.map(describeRejected).join("; ")}). ${cure(problem.rejected.map((r) => r.reason), problem.minimum)}`;
    case "bad-interpreter":
      return `the setting ckptls.interpreter names ${problem.program}, which ${describe(problem.reason)}. Correct the setting, or clear it to use the Python on the PATH.${installAdvice(problem.program, problem.reason)}`;
    case "bad-path":
      return `the setting ckptls.path names ${problem.program}, which cannot be run (${problem.detail}). Correct the setting, or clear it to use the bundled server.`;
    case "ended":
      return `the server ${problem.again ? "keeps ending" : "ended at once"} (${problem.detail}). The log says more; it was started as: ${problem.command}`;
    case "silent":
      return `the server did not answer within ${problem.seconds} seconds. Check that this is a ckptls server: ${problem.command}`;
  }
}

function describeRejected({ program, reason }: Rejected): string {
  return `${program} ${describe(reason)}`;
}

/** Completes the sentence "this interpreter ...". */
export function describe(reason: Reason): string {
  switch (reason.kind) {
    case "not-found":
      return "was not found";
    case "not-python":
      return `is not a working Python (${reason.detail})`;
    case "too-old":
      return `is Python ${reason.version} (${reason.oldest} or newer is needed)`;
    case "too-new":
      return `is Python ${reason.version} (the bundled libraries are for ${reason.newest} at most)`;
    case "no-package":
      return `is Python ${reason.version} without the package ckptls`;
  }
}

function cure(reasons: Reason[], minimum: string): string {
  return reasons.some((reason) => reason.kind === "no-package")
    ? "Install the package ckptls there with pip, or set ckptls.importStrategy to useBundled."
    : `Install Python ${minimum} or newer, or name one in the setting ckptls.interpreter.`;
}

function installAdvice(program: string, reason: Reason): string {
  return reason.kind === "no-package"
    ? ` Or install it: ${program} -m pip install ckptls`
    : "";
}
