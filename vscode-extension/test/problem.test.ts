import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { explain, type Problem } from "../src/problem.js";

const TOO_OLD = { kind: "too-old", version: "3.7", oldest: "3.10" } as const;
const NOT_FOUND = { kind: "not-found" } as const;

const MESSAGES: [Problem, string][] = [
  [
    {
      kind: "no-interpreter",
      rejected: [
        { program: "python3", reason: TOO_OLD },
        { program: "python", reason: NOT_FOUND },
      ],
      minimum: "3.10",
    },
    "no usable Python was found (python3 is Python 3.7 (3.10 or newer is needed); python was not found). " +
      "Install Python 3.10 or newer, or name one in the setting ckptls.interpreter.",
  ],
  [
    {
      kind: "no-interpreter",
      rejected: [{ program: "python3", reason: { kind: "no-package", version: "3.11" } }],
      minimum: "3.10",
    },
    "no usable Python was found (python3 is Python 3.11 without the package ckptls). " +
      "Install the package ckptls there with pip, or set ckptls.importStrategy to useBundled.",
  ],
  [
    { kind: "bad-interpreter", program: "/no/python", reason: NOT_FOUND },
    "the setting ckptls.interpreter names /no/python, which was not found. " +
      "Correct the setting, or clear it to use the Python on the PATH.",
  ],
  [
    { kind: "bad-path", program: "/no/ckptls", detail: "spawn /no/ckptls ENOENT" },
    "the setting ckptls.path names /no/ckptls, which cannot be run (spawn /no/ckptls ENOENT). " +
      "Correct the setting, or clear it to use the bundled server.",
  ],
  [
    { kind: "ended", command: "python server", detail: "exit code 1: ImportError: x", again: false },
    "the server ended at once (exit code 1: ImportError: x). " +
      "The log says more; it was started as: python server",
  ],
  [
    { kind: "silent", command: "/bin/cat server", seconds: 30 },
    "the server did not answer within 30 seconds. Check that this is a ckptls server: /bin/cat server",
  ],
];

describe("a message", () => {
  for (const [problem, message] of MESSAGES) {
    it(`says what is wrong and what to do: ${problem.kind}`, () => {
      assert.equal(explain(problem), `Checkpoint IntelliSense could not start: ${message}`);
    });
  }

  it("says how to install the package into the interpreter of the setting", () => {
    const reason = { kind: "no-package", version: "3.11" } as const;
    const message = explain({ kind: "bad-interpreter", program: "/env/python", reason });
    assert.match(message, /\/env\/python -m pip install ckptls$/);
  });
});
