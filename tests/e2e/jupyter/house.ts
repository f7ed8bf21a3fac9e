/** The parts under test: a JupyterLab with jupyterlab-lsp and ckptls, and a Chromium beside it. */

import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import type { Browser } from "playwright-core";

import { end, freePort, launch, ROOT, serve, until, untilUp } from "../browser.ts";

/** All that a slow and loaded machine may need for anything. */
export const SECONDS = 180;

export type Settings = Record<string, unknown>;

export interface House {
  /** The folder that JupyterLab serves: a copy of the example. */
  folder: string;
  address: string;
  browser: Browser;
  /** What JupyterLab printed. */
  log(): string;
  close(): Promise<void>;
}

/** Without noise, and without the second after which JupyterLab no longer waits for an answer. */
const CALM: Record<string, Settings> = {
  "@jupyterlab/apputils-extension/notification": { fetchNews: "false", checkForUpdates: false },
  "@jupyterlab/completer-extension/manager": { providerTimeout: SECONDS * 1000 },
};

/** Opens a house whose user has these settings, each under the name of its plugin. */
export async function openHouse(settings: Record<string, Settings>): Promise<House> {
  const base = mkdtempSync(join(tmpdir(), "ckptls-e2e-"));
  const folder = join(base, "vgg16");
  cpSync(join(ROOT, "examples/vgg16"), folder, { recursive: true });
  for (const [plugin, values] of Object.entries({ ...CALM, ...settings })) {
    const path = join(base, "settings", `${plugin}.jupyterlab-settings`);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, JSON.stringify(values));
  }
  const home = join(base, "home");
  mkdirSync(home);
  const log = join(base, "jupyterlab.log");
  const port = await freePort();
  const address = `http://127.0.0.1:${port}`;
  const python = process.env["CKPTLS_JUPYTER"] ?? join(ROOT, "build/jupyter/bin/python");
  const server = serve(python, ["-m", "jupyterlab", ...serving(port)], log, {
    cwd: folder,
    env: { ...environment(), HOME: home, JUPYTERLAB_SETTINGS_DIR: join(base, "settings") },
  });
  await untilUp(server, `${address}/api/status`, SECONDS);
  const browser = await launch(process.env["CKPTLS_CHROMIUM"] ?? "/usr/bin/chromium");
  const close = async (): Promise<void> => {
    await browser.close();
    await end(server);
    await untilNothingRuns(home);
    rmSync(base, { recursive: true, force: true });
  };
  return { folder, address, browser, log: () => readFileSync(log, "utf8"), close };
}

function serving(port: number): string[] {
  return [
    ...["--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", `--ServerApp.port=${port}`],
    ...["--ServerApp.port_retries=0", "--IdentityProvider.token="],
  ];
}

/** Ours without what would have Jupyter look elsewhere for its files. */
function environment(): NodeJS.ProcessEnv {
  const names = Object.keys(process.env).filter((name) => !/^(JUPYTER|JPY|JP_|IPYTHON|XDG_|PYTHON|VIRTUAL_ENV)/.test(name));
  return Object.fromEntries(names.map((name) => [name, process.env[name]]));
}

/** Kernels and language servers are in groups of their own: they are known by their home. */
async function untilNothingRuns(home: string): Promise<void> {
  let left: string[] = [];
  const isOver = (): boolean => {
    left = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry) && livesIn(entry, home));
    return left.length === 0;
  };
  try {
    await until("kernels and language servers have ended", isOver, SECONDS);
  } catch (error) {
    left.forEach((each) => process.kill(Number(each), "SIGKILL"));
    throw error;
  }
}

function livesIn(entry: string, home: string): boolean {
  try {
    return readFileSync(`/proc/${entry}/environ`, "latin1").split("\0").includes(`HOME=${home}`);
  } catch {
    return false; // it ended while we looked, or is not ours
  }
}
