/** What drives an editor in the browser: a Chromium, and the server of the editor as a process. */

import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { createServer } from "node:net";
import { join, resolve } from "node:path";

import { type Browser, chromium } from "playwright-core";

export const ROOT = resolve(import.meta.dirname, "../..");
export const RESULTS = join(ROOT, "tests/e2e/results");

const BROWSER_ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export async function launch(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: BROWSER_ARGUMENTS });
}

/** Starts a process that leads a group of its own and writes into a log. */
export function serve(
  program: string,
  command: string[],
  log: string,
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): ChildProcess {
  const output = openSync(log, "w");
  const server = spawn(program, command, { stdio: ["ignore", output, output], detached: true, ...options });
  closeSync(output);
  return server;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === "string") {
    throw new Error("no free port");
  }
  return address.port;
}

/** Polls an address of the server until it answers. */
export async function untilUp(server: ChildProcess, address: string, seconds?: number): Promise<void> {
  await until(`${address} answers`, async () => {
    if (server.exitCode !== null) {
      throw new Error(`the server ended with exit code ${server.exitCode}`);
    }
    return fetch(address).then((response) => response.ok, () => false);
  }, seconds);
}

/** Ends a server with all of its group. */
export async function end(server: ChildProcess): Promise<void> {
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
