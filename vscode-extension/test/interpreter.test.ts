import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { candidates, choose, type Interpreter, type Needs, unmet } from "../src/interpreter.js";
import type { Reason } from "../src/problem.js";

const NEEDS: Needs = { oldest: [3, 10], newest: [3, 14], package: false };

function python(major: number, minor: number, server?: string): Interpreter {
  return { executable: `/usr/bin/python${major}.${minor}`, version: [major, minor], server };
}

function probeOf(known: Record<string, Interpreter>) {
  return (program: string): Promise<Interpreter | Reason> =>
    Promise.resolve(known[program] ?? { kind: "not-found" });
}

const PATH = candidates("", undefined, "linux");

describe("the candidates", () => {
  it("are the setting alone, when it is set", () => {
    const programs = candidates("/opt/python", "/env/bin/python", "linux").map((c) => c.program);
    assert.deepEqual(programs, ["/opt/python"]);
  });

  it("begin with the interpreter selected in the Python extension", () => {
    const programs = candidates("", "/env/bin/python", "linux").map((c) => c.program);
    assert.deepEqual(programs, ["/env/bin/python", "python3", "python"]);
  });

  it("include the launcher on Windows", () => {
    assert.ok(candidates("", undefined, "win32").some((c) => c.program === "py"));
  });
});

describe("the choice", () => {
  it("is the first interpreter that is new enough", async () => {
    const probe = probeOf({ python3: python(3, 11), python: python(3, 12) });
    const { chosen, rejected } = await choose(PATH, NEEDS, probe);
    assert.equal(chosen?.executable, "/usr/bin/python3.11");
    assert.equal(chosen.origin, "the PATH");
    assert.deepEqual(rejected, []);
  });

  it("passes over an old interpreter, and tells why", async () => {
    const probe = probeOf({ python3: python(3, 7), python: python(3, 10) });
    const { chosen, rejected } = await choose(PATH, NEEDS, probe);
    assert.equal(chosen?.executable, "/usr/bin/python3.10");
    assert.deepEqual(rejected, [{ program: "python3", reason: { kind: "too-old", version: "3.7", oldest: "3.10" } }]);
  });

  it("is nothing where no interpreter is found", async () => {
    const { chosen, rejected } = await choose(PATH, NEEDS, probeOf({}));
    assert.equal(chosen, undefined);
    assert.deepEqual(
      rejected.map((r) => r.reason.kind),
      ["not-found", "not-found"],
    );
  });

  it("passes over an environment without the package, when the package is needed", async () => {
    const probe = probeOf({ python3: python(3, 11), python: python(3, 12, "0.1.0") });
    const { chosen } = await choose(PATH, { ...NEEDS, package: true }, probe);
    assert.equal(chosen?.server, "0.1.0");
  });
});

describe("a need", () => {
  it("compares minor versions as numbers", () => {
    assert.equal(unmet(python(3, 9), NEEDS)?.kind, "too-old");
    assert.equal(unmet(python(3, 10), NEEDS), undefined);
  });

  it("counts Python 2.7 as too old and 4.0 as too new", () => {
    assert.equal(unmet(python(2, 7), NEEDS)?.kind, "too-old");
    assert.equal(unmet(python(4, 0), NEEDS)?.kind, "too-new");
  });

  it("knows no newest version where the server is not the bundled one", () => {
    assert.equal(unmet(python(3, 20, "0.1.0"), { ...NEEDS, newest: undefined, package: true }), undefined);
  });
});
