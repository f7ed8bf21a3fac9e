/** The settings ckptls.* as the extension itself uses them; the others are the server's. */

import { homedir } from "node:os";

import * as vscode from "vscode";

import { expand, type LaunchSettings } from "./launch.js";

export const SECTION = "ckptls";

const LAUNCHING = ["path", "interpreter", "importStrategy"].map((name) => `${SECTION}.${name}`);

export function readLaunchSettings(): LaunchSettings {
  const settings = vscode.workspace.getConfiguration(SECTION);
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
  const path = (name: string): string => expand(settings.get<string>(name, ""), homedir(), folder);
  return {
    path: path("path"),
    interpreter: path("interpreter"),
    importStrategy: settings.get("importStrategy", "useBundled"),
  };
}

/** Whether a change concerns which server runs, so that it must be started anew. */
export function changesLaunch(event: vscode.ConfigurationChangeEvent): boolean {
  return LAUNCHING.some((name) => event.affectsConfiguration(name));
}
