/** The commands of the palette, and the one message that tells why the server is not there. */

import * as vscode from "vscode";

import { explain, type Problem } from "./problem.js";

const OPEN_SETTINGS = "Open Settings";
const SHOW_LOG = "Show Log";

export function registerCommands(
  restart: () => Promise<void>,
  log: vscode.LogOutputChannel,
): vscode.Disposable[] {
  return [
    vscode.commands.registerCommand("ckptls.restart", restart),
    vscode.commands.registerCommand("ckptls.whyNothing", whyNothing),
    vscode.commands.registerCommand("ckptls.showLog", () => {
      log.show();
    }),
  ];
}

/** Shows beside the code what the server knows of the string at the cursor, and what is missing. */
async function whyNothing(): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  if (!editor) {
    return;
  }
  const { line, character } = editor.selection.active;
  // A command of the server, which is there while it runs.
  const answer = await vscode.commands.executeCommand<{ text: string } | null>(
    "ckptls.explain",
    editor.document.uri.toString(),
    line,
    character,
  );
  const content = answer?.text ?? "The server does not know this document.\n";
  const document = await vscode.workspace.openTextDocument({ content, language: "plaintext" });
  await vscode.window.showTextDocument(document, { viewColumn: vscode.ViewColumn.Beside, preview: true });
}

/** Returns at once; the buttons work for as long as the message stands. */
export function showProblem(problem: Problem, log: vscode.LogOutputChannel): void {
  const message = explain(problem);
  log.error(message);
  void vscode.window.showErrorMessage(message, OPEN_SETTINGS, SHOW_LOG).then((answer) => {
    if (answer === OPEN_SETTINGS) {
      void vscode.commands.executeCommand("workbench.action.openSettings", settingOf(problem));
    } else if (answer === SHOW_LOG) {
      log.show();
    }
  });
}

/** The setting that cures the problem, as the settings editor searches for it. */
function settingOf(problem: Problem): string {
  return problem.kind === "bad-path" ? "ckptls.path" : "ckptls.interpreter";
}
