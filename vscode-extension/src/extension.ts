/** Starts the server with the first Python file, and anew when its settings change. */

import * as vscode from "vscode";

import { registerCommands, showProblem } from "./commands.js";
import { findServer } from "./discovery.js";
import { commandLine } from "./launch.js";
import { explain, type Problem, StartError } from "./problem.js";
import { onInterpreterSelected, selectedInterpreter } from "./python_extension.js";
import { type Server, startServer, stopServer } from "./server.js";
import { changesLaunch, readLaunchSettings } from "./settings.js";
import { createStatus, type Status } from "./status.js";

interface Session {
  folder: string;
  log: vscode.LogOutputChannel;
  status: Status;
  server: Server | undefined;
  /** Starts and stops wait for each other. */
  queue: Promise<void>;
}

let session: Session | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const log = vscode.window.createOutputChannel("Checkpoint IntelliSense", { log: true });
  const status = createStatus();
  const here: Session = {
    folder: context.extensionUri.fsPath,
    log,
    status,
    server: undefined,
    queue: Promise.resolve(),
  };
  session = here;
  const again = (): Promise<void> => inTurn(here, restart);
  context.subscriptions.push(log, status, ...registerCommands(again, log));
  context.subscriptions.push(
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (changesLaunch(event)) {
        void again();
      }
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(() => void again()),
  );
  await again();
  context.subscriptions.push(
    await onInterpreterSelected(() => {
      // The bundled server runs on any Python; only the package depends on which one.
      if (readLaunchSettings().importStrategy === "fromEnvironment") {
        void again();
      }
    }),
  );
}

export async function deactivate(): Promise<void> {
  if (session) {
    await inTurn(session, stop);
  }
}

function inTurn(here: Session, action: (here: Session) => Promise<void>): Promise<void> {
  here.queue = here.queue.then(() => action(here));
  return here.queue;
}

async function restart(here: Session): Promise<void> {
  await stop(here);
  here.status.starting();
  try {
    here.server = await start(here);
    here.status.running(here.server.name);
    here.log.info(`Running: ${here.server.name}`);
  } catch (error) {
    if (!(error instanceof StartError)) {
      here.log.error(error instanceof Error ? error : String(error));
      here.status.failed(String(error));
      return;
    }
    report(here, error.problem);
  }
}

async function start(here: Session): Promise<Server> {
  const { folder, log } = here;
  const launch = await findServer(readLaunchSettings(), folder, () => selectedInterpreter(log), log);
  log.info(`Starting: ${commandLine(launch)}`);
  log.info(`Because: ${launch.why}`);
  const onGivenUp = (problem: Problem): void => {
    report(here, problem);
  };
  return startServer(launch, log, onGivenUp, await selectedInterpreter(log));
}

async function stop(here: Session): Promise<void> {
  const server = here.server;
  here.server = undefined;
  if (server) {
    await stopServer(server);
  }
}

function report(here: Session, problem: Problem): void {
  here.status.failed(explain(problem));
  showProblem(problem, here.log);
}
