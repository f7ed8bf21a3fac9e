/** Asks an interpreter what it is by running it once. */

import { execFile } from "node:child_process";

import { type Interpreter, parseVersion } from "./interpreter.js";
import type { Reason } from "./problem.js";

// Also runs on Python 2, so that an old interpreter can tell its version.
const QUESTION = `
import sys
print("ckptls-probe")
print("%d.%d" % sys.version_info[:2])
print(sys.executable)
try:
    from ckptls import __version__
    print(__version__)
except Exception:
    pass
`;
const PATIENCE_MS = 10_000;

/** `folder` is the working directory; one where nothing can be mistaken for a package. */
export function probe(program: string, folder: string): Promise<Interpreter | Reason> {
  return new Promise((resolve) => {
    const options = { cwd: folder, timeout: PATIENCE_MS, windowsHide: true };
    execFile(program, ["-c", QUESTION], options, (error, stdout, stderr) => {
      resolve(error ? failure(error, stderr) : parse(stdout));
    });
  });
}

function failure(error: Error & { code?: unknown; killed?: boolean }, stderr: string): Reason {
  if (error.code === "ENOENT") {
    return { kind: "not-found" };
  }
  const lastLine = stderr.trim().split("\n").at(-1) ?? "";
  const why = error.killed ? "it gave no answer" : lastLine;
  return { kind: "not-python", detail: why !== "" ? why : String(error.code) };
}

/** Reads what QUESTION prints, whatever a sitecustomize may print before it. */
export function parse(output: string): Interpreter | Reason {
  const lines = output.split(/\r?\n/);
  const [words, executable, server] = lines.slice(lines.indexOf("ckptls-probe") + 1);
  const version = parseVersion(words ?? "");
  if (!version || !executable) {
    return { kind: "not-python", detail: "it does not answer like one" };
  }
  return { executable, version, server: server?.trim() ? server.trim() : undefined };
}
