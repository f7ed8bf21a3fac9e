/** The parts under test: code-server with the .vsix installed, and a Chromium beside it. */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { type Browser, chromium } from "playwright-core";

export const ROOT = resolve(import.meta.dirname, "../../..");
export const RESULTS = join(ROOT, "tests/e2e/results");

/** What `tools/editor.py ensure --describe` wrote. */
interface Editor {
  node: string;
  code_server: string;
  chromium: string;
  settings: Record<string, unknown>;
}

export interface House {
  /** A folder of its own, removed at the end. */
  folder: string;
  address: string;
  browser: Browser;
  close(): Promise<void>;
}

const BROWSER_ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export async function openHouse(): Promise<House> {
  const editor = readEditor();
  const vsix = process.env["CKPTLS_VSIX"] ?? join(ROOT, "build/checkpoint-intellisense.vsix");
  const folder = mkdtempSync(join(tmpdir(), "ckptls-e2e-"));
  const command = [
    editor.code_server,
    ...["--user-data-dir", join(folder, "data"), "--extensions-dir", join(folder, "extensions")],
  ];
  writeSettings(join(folder, "data/User"), editor.settings);
  execFileSync(editor.node, [...command, "--install-extension", vsix], { stdio: "pipe" });
  const port = await freePort();
  const address = `http://127.0.0.1:${port}`;
  const server = serve(editor.node, [...command, ...serving(port)], join(folder, "code-server.log"));
  await untilUp(server, address);
  const browser = await chromium.launch({ executablePath: editor.chromium, args: BROWSER_ARGUMENTS });
  const close = async (): Promise<void> => {
    await browser.close();
    await end(server);
    rmSync(folder, { recursive: true, force: true });
  };
  return { folder, address, browser, close };
}

/** Writes settings.json into a User or .vscode folder. */
export function writeSettings(folder: string, settings: Record<string, unknown>): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "settings.json"), JSON.stringify(settings, null, 2));
}

function readEditor(): Editor {
  const path = process.env["CKPTLS_EDITOR"] ?? join(ROOT, "build/editor.json");
  return JSON.parse(readFileSync(path, "utf8")) as Editor;
}

function serving(port: number): string[] {
  return [
    ...["--auth", "none", "--bind-addr", `127.0.0.1:${port}`],
    ...["--disable-telemetry", "--disable-update-check", "--disable-workspace-trust"],
  ];
}

function serve(node: string, command: string[], log: string): ChildProcess {
  const output = openSync(log, "w");
  const server = spawn(node, command, { stdio: ["ignore", output, output], detached: true });
  closeSync(output);
  return server;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === "string") {
    throw new Error("no free port");
  }
  return address.port;
}

async function untilUp(server: ChildProcess, address: string): Promise<void> {
  await until("code-server answers", async () => {
    if (server.exitCode !== null) {
      throw new Error(`code-server ended with exit code ${server.exitCode}`);
    }
    return fetch(`${address}/healthz`).then((response) => response.ok, () => false);
  });
}

/** Ends code-server with all that it started: it leads a process group of its own. */
async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.pid === undefined) {
    return;
  }
  const gone = new Promise((done) => server.once("exit", done));
  process.kill(-server.pid, "SIGTERM");
  await gone;
}

/** Polls until `isTrue` holds. */
export async function until(
  what: string,
  isTrue: () => boolean | Promise<boolean>,
  seconds = 30,
): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!(await isTrue())) {
    if (Date.now() > deadline) {
      throw new Error(`waited ${seconds} seconds in vain until ${what}`);
    }
    await new Promise((done) => setTimeout(done, 50));
  }
}
