/** The entry in the language status of Python files: what the server is doing. */

import * as vscode from "vscode";

import { DOCUMENTS } from "./server.js";

export interface Status {
  starting(): void;
  running(server: string): void;
  failed(message: string): void;
  dispose(): void;
}

export function createStatus(): Status {
  const item = vscode.languages.createLanguageStatusItem("ckptls.status", DOCUMENTS);
  item.name = "Checkpoint IntelliSense";
  const show = (
    text: string,
    detail: string,
    severity: vscode.LanguageStatusSeverity,
    command: vscode.Command,
  ): void => {
    Object.assign(item, { text, detail, severity, command, busy: false });
  };
  const log = { command: "ckptls.showLog", title: "Show Log" };
  const restart = { command: "ckptls.restart", title: "Restart Server" };
  return {
    starting: () => {
      show("Checkpoints: starting", "", vscode.LanguageStatusSeverity.Information, log);
      item.busy = true;
    },
    running: (server) => {
      show(`Checkpoints: ${server}`, "", vscode.LanguageStatusSeverity.Information, log);
    },
    failed: (message) => {
      show("Checkpoints: not running", message, vscode.LanguageStatusSeverity.Error, restart);
    },
    dispose: () => {
      item.dispose();
    },
  };
}
