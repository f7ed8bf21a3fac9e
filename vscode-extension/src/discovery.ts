/** Finds the server to start: reads the settings, asks the interpreters, says in the log why. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";

import type { LogOutputChannel } from "vscode";

import { type Candidate, candidates, choose, text, type Version } from "./interpreter.js";
import {
  type Bundle,
  type Launch,
  launchBundled,
  launchPackage,
  launchPath,
  type LaunchSettings,
  newestPython,
} from "./launch.js";
import { probe } from "./probe.js";
import { describe, type Rejected, StartError } from "./problem.js";

const OLDEST: Version = [3, 10];

/** Throws a StartError when there is none. */
export async function findServer(
  settings: LaunchSettings,
  folder: string,
  selected: () => Promise<string | undefined>,
  log: LogOutputChannel,
): Promise<Launch> {
  if (settings.path !== "") {
    return launchPath(settings.path, folder);
  }
  const bundled = settings.importStrategy === "useBundled";
  const bundle = bundled ? await readBundle(folder) : undefined;
  const needs = {
    oldest: OLDEST,
    newest: bundle && newestPython(bundle),
    package: !bundled,
  };
  const named = settings.interpreter === "" ? await selected() : undefined;
  const list = candidates(settings.interpreter, named, process.platform);
  const { chosen, rejected } = await choose(list, needs, (program) => probe(program, folder));
  for (const { program, reason } of rejected) {
    log.info(`Not used: ${program} ${describe(reason)}`);
  }
  if (!chosen) {
    throw notFound(list, rejected);
  }
  const why = `Python ${text(chosen.version)} comes from ${chosen.origin} (${chosen.program})`;
  return bundled
    ? launchBundled(chosen.executable, folder, `bundled ckptls ${bundle?.version ?? ""}; ${why}`)
    : launchPackage(chosen.executable, folder, `ckptls ${chosen.server ?? ""} of the environment; ${why}`);
}

function notFound(list: Candidate[], rejected: Rejected[]): StartError {
  const [first] = rejected;
  return first && list[0]?.origin.includes("setting")
    ? new StartError({ kind: "bad-interpreter", ...first })
    : new StartError({ kind: "no-interpreter", rejected, minimum: text(OLDEST) });
}

async function readBundle(folder: string): Promise<Bundle> {
  return JSON.parse(await readFile(join(folder, "bundled", "bundle.json"), "utf8")) as Bundle;
}
