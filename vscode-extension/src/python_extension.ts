/** The interpreter selected in Microsoft's Python extension, where that is installed. */

import * as vscode from "vscode";

/** The small part of that extension's interface that we use. */
interface PythonApi {
  readonly environments: {
    readonly onDidChangeActiveEnvironmentPath: vscode.Event<unknown>;
    getActiveEnvironmentPath(resource?: vscode.Uri): { readonly path: string };
    resolveEnvironment(environment: { readonly path: string }): Promise<
      { readonly executable: { readonly uri: vscode.Uri | undefined } } | undefined
    >;
  };
}

async function pythonApi(): Promise<PythonApi | undefined> {
  const extension = vscode.extensions.getExtension<PythonApi | undefined>("ms-python.python");
  return await extension?.activate();
}

export async function selectedInterpreter(log: vscode.LogOutputChannel): Promise<string | undefined> {
  try {
    const environments = (await pythonApi())?.environments;
    const selected = environments?.getActiveEnvironmentPath();
    const resolved = selected && (await environments?.resolveEnvironment(selected));
    return resolved?.executable.uri?.fsPath;
  } catch (error) {
    log.warn(`Microsoft's Python extension gave no interpreter: ${String(error)}`);
    return undefined;
  }
}

/** Calls back when another interpreter is selected there. */
export async function onInterpreterSelected(callback: () => void): Promise<vscode.Disposable> {
  const environments = (await pythonApi().catch(() => undefined))?.environments;
  return environments?.onDidChangeActiveEnvironmentPath(callback) ?? new vscode.Disposable(() => undefined);
}
