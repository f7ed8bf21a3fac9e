import assert from "node:assert/strict";
import { describe, it } from "node:test";

import {
  commandLine,
  expand,
  launchBundled,
  launchPackage,
  launchPath,
  newestPython,
} from "../src/launch.js";

describe("a launch", () => {
  it("isolates the bundled server from the environment", () => {
    const launch = launchBundled("/usr/bin/python3", "/ext", "");
    assert.equal(commandLine(launch), "/usr/bin/python3 -I -S /ext/bundled/launch.py server");
  });

  it("runs the package of the environment as a module", () => {
    assert.equal(commandLine(launchPackage("/env/bin/python", "/ext", "")), "/env/bin/python -m ckptls server");
  });

  it("runs the program of ckptls.path as it is", () => {
    assert.equal(commandLine(launchPath("/env/bin/ckptls", "/ext")), "/env/bin/ckptls server");
  });

  it("never works in the folder of the workspace", () => {
    const launches = [launchBundled("p", "/ext", ""), launchPackage("p", "/ext", ""), launchPath("c", "/ext")];
    assert.ok(launches.every((launch) => launch.folder === "/ext"));
  });

  it("is quoted in the log where it has spaces", () => {
    assert.equal(commandLine(launchPath("/my env/ckptls", "/ext")), '"/my env/ckptls" server');
  });
});

describe("a path in a setting", () => {
  it("may begin with the home directory", () => {
    assert.equal(expand("~/env/bin/python", "/home/me", undefined), "/home/me/env/bin/python");
    assert.equal(expand("~other/python", "/home/me", undefined), "~other/python");
  });

  it("may name the workspace folder", () => {
    assert.equal(expand("${workspaceFolder}/.venv/bin/python", "/home/me", "/project"), "/project/.venv/bin/python");
  });

  it("is unset when it is blank", () => {
    assert.equal(expand("  ", "/home/me", "/project"), "");
  });
});

describe("a bundle", () => {
  it("knows the newest Python it was made for", () => {
    assert.deepEqual(newestPython({ version: "0.1.0", pythons: ["3.10", "3.14"] }), [3, 14]);
    assert.equal(newestPython({ version: "0.1.0", pythons: [] }), undefined);
  });
});
