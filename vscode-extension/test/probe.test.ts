import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";

import { parse, probe } from "../src/probe.js";

const FOLDER = mkdtempSync(join(tmpdir(), "ckptls-probe-"));

function script(name: string, text: string): string {
  const path = join(FOLDER, name);
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
}

describe("a probe", () => {
  it("gets version and path from a real Python", async () => {
    const found = await probe("python3", FOLDER);
    assert.ok("executable" in found);
    assert.equal(found.version[0], 3);
    assert.match(found.executable, /python/);
  });

  it("tells that a program is not there", async () => {
    assert.deepEqual(await probe("/no/such/python", FOLDER), { kind: "not-found" });
  });

  it("tells what a program that fails said last", async () => {
    const broken = script("broken", "echo first >&2; echo 'no libpython' >&2; exit 127");
    assert.deepEqual(await probe(broken, FOLDER), { kind: "not-python", detail: "no libpython" });
  });

  it("does not take any program that runs for a Python", async () => {
    const other = script("other", "echo 3.11");
    assert.equal("kind" in (await probe(other, FOLDER)), true);
  });

  it("imports nothing from the folder of a workspace", async () => {
    const workspace = mkdtempSync(join(tmpdir(), "ckptls-workspace-"));
    const trace = join(workspace, "was-imported");
    writeFileSync(join(workspace, "ckptls.py"), `open(${JSON.stringify(trace)}, "w")\n__version__ = "9"\n`);
    const before = process.cwd();
    process.chdir(workspace);
    try {
      const found = await probe("python3", FOLDER);
      assert.notEqual("server" in found && found.server, "9");
    } finally {
      process.chdir(before);
    }
  });
});

describe("an answer", () => {
  it("may come after other output and with Windows line ends", () => {
    const found = parse("Welcome!\r\nckptls-probe\r\n3.12\r\nC:\\py\\python.exe\r\n0.1.0\r\n");
    assert.deepEqual(found, { executable: "C:\\py\\python.exe", version: [3, 12], server: "0.1.0" });
  });

  it("may tell that there is no package", () => {
    const found = parse("ckptls-probe\n2.7\n/usr/bin/python2\n");
    assert.deepEqual(found, { executable: "/usr/bin/python2", version: [2, 7], server: undefined });
  });
});
