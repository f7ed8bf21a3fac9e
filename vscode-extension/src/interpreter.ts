/** Which Python runs the server. Pure: what an interpreter is like comes from `probe`. */

import type { Reason, Rejected } from "./problem.js";

export type Version = readonly [major: number, minor: number];

export interface Candidate {
  /** A path, or a name to be found on the PATH. */
  program: string;
  /** Who named it, for the log: "the setting ckptls.interpreter". */
  origin: string;
}

export interface Interpreter {
  /** The full path, as the interpreter itself gives it. */
  executable: string;
  version: Version;
  /** The version of the package ckptls in its environment; undefined if it has none. */
  server: string | undefined;
}

export interface Needs {
  oldest: Version;
  /** The newest that the bundled libraries were made for; undefined if any will do. */
  newest: Version | undefined;
  /** Whether its environment must have the package ckptls. */
  package: boolean;
}

export type Probe = (program: string) => Promise<Interpreter | Reason>;

export interface Choice {
  chosen: (Interpreter & Candidate) | undefined;
  rejected: Rejected[];
}

/** The first candidate that meets the needs, and why those before it did not. */
export async function choose(
  candidates: readonly Candidate[],
  needs: Needs,
  probe: Probe,
): Promise<Choice> {
  const rejected: Rejected[] = [];
  for (const candidate of candidates) {
    const probed = await probe(candidate.program);
    const reason = "kind" in probed ? probed : unmet(probed, needs);
    if (reason === undefined && !("kind" in probed)) {
      return { chosen: { ...candidate, ...probed }, rejected };
    }
    if (reason !== undefined) {
      rejected.push({ program: candidate.program, reason });
    }
  }
  return { chosen: undefined, rejected };
}

/** The first need that an interpreter does not meet. */
export function unmet(interpreter: Interpreter, needs: Needs): Reason | undefined {
  const version = text(interpreter.version);
  if (compare(interpreter.version, needs.oldest) < 0) {
    return { kind: "too-old", version, oldest: text(needs.oldest) };
  }
  if (needs.newest && compare(interpreter.version, needs.newest) > 0) {
    return { kind: "too-new", version, newest: text(needs.newest) };
  }
  if (needs.package && interpreter.server === undefined) {
    return { kind: "no-package", version };
  }
  return undefined;
}

/** A setting wins alone; else Microsoft's Python extension, then the PATH. */
export function candidates(
  setting: string,
  selected: string | undefined,
  platform: NodeJS.Platform,
): Candidate[] {
  if (setting !== "") {
    return [{ program: setting, origin: "the setting ckptls.interpreter" }];
  }
  const onPath = platform === "win32" ? ["python", "py", "python3"] : ["python3", "python"];
  return [
    ...(selected ? [{ program: selected, origin: "Microsoft's Python extension" }] : []),
    ...onPath.map((program) => ({ program, origin: "the PATH" })),
  ];
}

export function parseVersion(words: string): Version | undefined {
  const match = /^(\d+)\.(\d+)/.exec(words);
  return match ? [Number(match[1]), Number(match[2])] : undefined;
}

export function text([major, minor]: Version): string {
  return `${major}.${minor}`;
}

export function compare(a: Version, b: Version): number {
  return a[0] - b[0] || a[1] - b[1];
}
