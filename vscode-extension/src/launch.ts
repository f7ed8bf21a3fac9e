/** From settings and an interpreter to the command that starts the server. Pure. */

import { join } from "node:path";

import type { Version } from "./interpreter.js";
import { parseVersion } from "./interpreter.js";

export interface LaunchSettings {
  path: string;
  interpreter: string;
  importStrategy: "useBundled" | "fromEnvironment";
}

/** What bundled/bundle.json says of the bundled server. */
export interface Bundle {
  version: string;
  pythons: string[];
}

export interface Launch {
  command: string;
  args: string[];
  /** The working directory: never the workspace, whose files must not be imported. */
  folder: string;
  /** For the log: which server, and why this one. */
  why: string;
}

/** The server that the setting ckptls.path names. */
export function launchPath(path: string, folder: string): Launch {
  return { command: path, args: ["server"], folder, why: "the setting ckptls.path names it" };
}

/** The bundled server. -I -S: nothing but the standard library and bundled/libs is imported. */
export function launchBundled(executable: string, folder: string, why: string): Launch {
  const script = join(folder, "bundled", "launch.py");
  return { command: executable, args: ["-I", "-S", script, "server"], folder, why };
}

/** The package in the interpreter's own environment. */
export function launchPackage(executable: string, folder: string, why: string): Launch {
  return { command: executable, args: ["-m", "ckptls", "server"], folder, why };
}

export function newestPython(bundle: Bundle): Version | undefined {
  return parseVersion(bundle.pythons.at(-1) ?? "");
}

/** A path from the settings, with `~` and `${workspaceFolder}` filled in. */
export function expand(path: string, home: string, workspaceFolder: string | undefined): string {
  const inFolder = path.trim().replaceAll("${workspaceFolder}", workspaceFolder ?? "");
  return /^~(?=$|[/\\])/.test(inFolder) ? home + inFolder.slice(1) : inFolder;
}

/** The command as one would type it. */
export function commandLine({ command, args }: Launch): string {
  return [command, ...args].map((word) => (/\s/.test(word) ? `"${word}"` : word)).join(" ");
}
