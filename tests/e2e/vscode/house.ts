/** The parts under test: code-server with the .vsix installed, and a Chromium beside it. */

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Browser } from "playwright-core";

import { end, freePort, launch, ROOT, serve, untilUp } from "../browser.ts";

/** What `tools/editor.py describe` wrote. */
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
  await untilUp(server, `${address}/healthz`);
  const browser = await launch(editor.chromium);
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
