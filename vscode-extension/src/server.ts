/** One run of the language server and the client that talks to it. */

import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

import type { LogOutputChannel } from "vscode";
import {
  CloseAction,
  type CloseHandlerResult,
  ErrorAction,
  LanguageClient,
  type LanguageClientOptions,
  RevealOutputChannelOn,
} from "vscode-languageclient/node";

import { commandLine, type Launch } from "./launch.js";
import { type Problem, StartError } from "./problem.js";
import { SECTION } from "./settings.js";
import { mayRestart } from "./survival.js";

export const DOCUMENTS = [
  { language: "python", scheme: "file" },
  { language: "python", scheme: "untitled" },
  { language: "python", scheme: "vscode-notebook-cell" },
  // The listings of checkpoints, whose text the server tells.
  { scheme: "ckptls" },
];

const ANSWER_WITHIN_SECONDS = 30;
const GRACE_MS = 1_000;

export interface Server {
  client: LanguageClient;
  /** What the server calls itself: "ckptls 0.1.0". */
  name: string;
  run: Run;
}

/** What happened to the process that was started last. */
export interface Run {
  startedAt: number;
  process: ChildProcess | undefined;
  lastLines: string[];
}

/** The library shows a message of its own for each failure; we show one, in our words. */
class QuietClient extends LanguageClient {
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }
}

/**
 * Starts the server and waits until it answers; throws a StartError if it does not.
 * `onGivenUp` is called when it ends later on and is not started again. `selected` is the
 * interpreter that the user works with.
 */
export async function startServer(
  launch: Launch,
  log: LogOutputChannel,
  onGivenUp: (problem: Problem) => void,
  selected?: string,
): Promise<Server> {
  const run: Run = { startedAt: 0, process: undefined, lastLines: [] };
  const endedAt: number[] = [];
  let answered = false;

  const closed = (): CloseHandlerResult => {
    const now = Date.now();
    if (answered && mayRestart({ startedAt: run.startedAt, endedAt }, now)) {
      endedAt.push(now);
      return { action: CloseAction.Restart, handled: true };
    }
    if (answered) {
      onGivenUp(ended(launch, run, endedAt.length > 0));
    }
    return { action: CloseAction.DoNotRestart, handled: true };
  };

  const options: LanguageClientOptions = {
    documentSelector: DOCUMENTS,
    outputChannel: log,
    revealOutputChannelOn: RevealOutputChannelOn.Never,
    // The settings are not among them: the server asks for those itself, and again when they change.
    // `interpreter` is the Python of the project, whose installed Keras counts, not that of the server.
    initializationOptions: { retriggerCommand: "editor.action.triggerSuggest", interpreter: selected },
    stdioOptions: { stdout: () => undefined, stderr: () => undefined },
    initializationFailedHandler: () => false,
    errorHandler: { error: () => ({ action: ErrorAction.Continue, handled: true }), closed },
  };
  const client = new QuietClient(SECTION, "Checkpoint IntelliSense", () => spawnServer(launch, run, log), options);
  try {
    await within(ANSWER_WITHIN_SECONDS, client.start(), launch);
  } catch (error) {
    await endProcess(run);
    throw error instanceof StartError ? error : new StartError(ended(launch, run, false));
  }
  answered = true;
  const info = client.initializeResult?.serverInfo;
  return { client, name: [info?.name ?? "server", info?.version].filter(Boolean).join(" "), run };
}

/** Starts the process; its stderr goes to the log, the last lines are kept for the message. */
function spawnServer(launch: Launch, run: Run, log: LogOutputChannel): Promise<ChildProcess> {
  return new Promise((resolve, reject) => {
    const child = spawn(launch.command, launch.args, { cwd: launch.folder, windowsHide: true });
    Object.assign(run, { startedAt: Date.now(), process: child, lastLines: [] });
    createInterface(child.stderr).on("line", (line) => {
      log.info(line);
      run.lastLines = [...run.lastLines, line].slice(-3);
    });
    child.once("spawn", () => {
      resolve(child);
    });
    child.once("error", (error) => {
      reject(new StartError({ kind: "bad-path", program: launch.command, detail: error.message }));
    });
    child.once("exit", (code, signal) => {
      log.info(`The server ended (${code === null ? `signal ${signal ?? "?"}` : `exit code ${code}`})`);
    });
  });
}

function ended(launch: Launch, run: Run, again: boolean): Problem {
  const code = run.process?.exitCode ?? run.process?.signalCode;
  const lastLine = run.lastLines.filter((line) => line.trim() !== "").at(-1);
  const detail = [code === undefined ? "" : `exit code ${String(code)}`, lastLine].filter(Boolean);
  return { kind: "ended", command: commandLine(launch), detail: detail.join(": "), again };
}

async function within<T>(seconds: number, promise: Promise<T>, launch: Launch): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new StartError({ kind: "silent", command: commandLine(launch), seconds }));
    }, seconds * 1000);
  });
  return Promise.race([promise, tooLate]).finally(() => {
    clearTimeout(timer);
  });
}

/** Asks the server to end, and does not take no for an answer. */
export async function stopServer({ client, run }: Server): Promise<void> {
  await client.dispose().catch(() => undefined);
  await endProcess(run);
}

/** Gives the process a moment to end by itself, then ends it. */
async function endProcess({ process: child }: Run): Promise<void> {
  const isAlive = child?.exitCode === null && child.signalCode === null;
  if (!isAlive) {
    return;
  }
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => child.kill(), GRACE_MS);
    child.once("exit", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
