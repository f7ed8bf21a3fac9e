/** A notebook that is open in JupyterLab, and what a person does in it. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { Locator, Page, WebSocket } from "playwright-core";

import { RESULTS, until } from "../browser.ts";
import { type House, SECONDS } from "./house.ts";

const FILE = "explore.ipynb";
const SCRIPT = "explore.py";

export class Notebook {
  readonly house: House;
  readonly page: Page;
  /** Names of the language servers that the page has talked to. */
  readonly asked: Set<string> = new Set();
  /** The program that the language server was told last. */
  private told = "";

  constructor(house: House, page: Page) {
    this.house = house;
    this.page = page;
    page.on("websocket", (socket) => this.listen(socket));
  }

  // ---------------------------------------------------------------- what is to be seen

  get suggestions(): Locator {
    return this.page.locator(".jp-Completer-item:visible");
  }

  /** The row of the suggestion list with exactly this label. */
  suggestion(label: string): Locator {
    const name = this.page.locator(".jp-Completer-match").getByText(label, { exact: true });
    return this.suggestions.filter({ has: name });
  }

  get hover(): Locator {
    return this.page.locator(".lsp-hover:visible");
  }

  /** The underlined texts of a cell. */
  squiggles(cell: number): Locator {
    return this.code(cell).locator(".cm-lintRange-error");
  }

  /** What is told where the mouse rests on a squiggle. */
  get problem(): Locator {
    return this.page.locator(".cm-tooltip-lint:visible");
  }

  /** The code of a cell, counted from 0 among the cells of code. */
  code(cell: number): Locator {
    return this.page.locator(".jp-CodeCell .cm-content").nth(cell);
  }

  /** The servers that jupyter-lsp knows, and which of them it has started. */
  async servers(): Promise<Record<string, string>> {
    const answer = await fetch(`${this.house.address}/lsp/status`);
    const { sessions } = (await answer.json()) as { sessions: Record<string, { status: string }> };
    return Object.fromEntries(Object.entries(sessions).map(([key, { status }]) => [key, status]));
  }

  // ---------------------------------------------------------------- what a person does

  /** Writes a cell anew, up to `|`; what stands behind it is behind the cursor. */
  async write(cell: number, code: string): Promise<void> {
    const [before, after] = code.split("|") as [string, string | undefined];
    await this.code(cell).click();
    await this.leave();
    await this.press("Escape", "Enter", "Control+a", "Delete");
    await this.page.keyboard.type(before + (after ?? ""), { delay: 10 });
    await this.press(...Array<string>(after?.length ?? 0).fill("ArrowLeft"));
    await until(`the server is told ${code}`, () => this.told.includes(before + (after ?? "")), SECONDS);
  }

  /** Asks for completion until this is offered: a server that is busy may leave it out. */
  async complete(label: string): Promise<void> {
    await until(`${label} is offered`, async () => {
      if ((await this.suggestions.count()) === 0) {
        await this.press("Tab");
      }
      const row = this.suggestion(label).first();
      const isThere = await row.waitFor({ timeout: 8000 }).then(() => true, () => false);
      if (!isThere && (await this.suggestions.count()) > 0) {
        await this.press("Escape");
      }
      return isThere;
    }, SECONDS);
  }

  /** Takes a row of the list, by keys: what a mouse rests on may be told above it. */
  async take(label: string): Promise<void> {
    const active = this.page.locator(".jp-mod-active");
    await until(`${label} is chosen`, async () => {
      if ((await this.suggestion(label).and(active).count()) > 0) {
        return true;
      }
      await this.press("ArrowDown");
      return false;
    }, SECONDS);
    await this.press("Enter");
    await this.suggestions.first().waitFor({ state: "hidden" });
  }

  /** Waits until the code of a cell is this. */
  async untilWritten(cell: number, code: string): Promise<void> {
    let found = "";
    await until(`the cell is ${code}`, async () => {
      found = await this.code(cell).innerText();
      return found === code;
    }, SECONDS).catch((error: Error) => {
      throw new Error(`${error.message}; it is ${found}`);
    });
  }

  async press(...keys: string[]): Promise<void> {
    for (const key of keys) {
      await this.page.keyboard.press(key);
    }
  }

  /** Rests the mouse on a text of a cell, with Control held, until this is told of it. */
  async ask(cell: number, words: string, told: string): Promise<void> {
    await until(`${told} is told of ${words}`, async () => {
      await this.page.keyboard.down("Control");
      const isTold = await this.rest(this.code(cell).getByText(words).last(), this.hover, told, 15);
      await this.page.keyboard.up("Control");
      if (!isTold) {
        await this.touch();
      }
      return isTold;
    }, SECONDS);
  }

  /** Rests the mouse on a squiggle until this is told of it: a new finding closes what is told. */
  async askProblem(cell: number, told: string): Promise<void> {
    const problem = this.squiggles(cell).first();
    await problem.waitFor();
    await until(`${told} is told`, () => this.rest(problem, this.problem, told, 5), SECONDS);
  }

  /** Whether this is told in time while the mouse rests there, coming from elsewhere. */
  private async rest(place: Locator, tooltip: Locator, told: string, seconds: number): Promise<boolean> {
    await this.leave();
    await place.hover();
    const answer = tooltip.filter({ hasText: told }).first();
    return answer.waitFor({ timeout: seconds * 1000 }).then(() => true, () => false);
  }

  protected async leave(): Promise<void> {
    await this.page.locator(".jp-NotebookPanel-toolbar").hover();
  }

  /** A change and back: JupyterLab forgets what it was told of places while nothing changes. */
  private async touch(): Promise<void> {
    await this.code(0).click();
    await this.press("Control+End", "Space", "Backspace");
  }

  // ---------------------------------------------------------------- evidence

  async screenshot(name: string): Promise<void> {
    mkdirSync(RESULTS, { recursive: true });
    await this.page.screenshot({ path: join(RESULTS, `jupyterlab-${name}.png`) });
  }

  async keepEvidence(name: string): Promise<void> {
    await this.screenshot(name);
    writeFileSync(join(RESULTS, `jupyterlab-${name}.log`), this.house.log());
  }

  private listen(socket: WebSocket): void {
    const found = /\/lsp\/ws\/(.+)$/.exec(socket.url());
    if (!found) {
      return;
    }
    this.asked.add(decodeURIComponent(found[1] as string));
    socket.on("framesent", ({ payload }) => {
      const { params } = JSON.parse(String(payload)) as { params?: Told };
      this.told = params?.contentChanges?.at(-1)?.text ?? params?.textDocument?.text ?? this.told;
    });
  }
}

interface Told {
  textDocument?: { text?: string };
  contentChanges?: { text: string }[];
}

/** A Python file in the editor of files: one text, as it were a notebook of one cell. */
export class Script extends Notebook {
  override code(): Locator {
    return this.page.locator(".jp-FileEditor .cm-content");
  }

  protected override async leave(): Promise<void> {
    await this.page.locator("#jp-main-dock-panel .lm-TabBar-tab.lm-mod-current").hover();
  }
}

/** Opens a notebook of these cells of code in a new window. */
export async function openNotebook(house: House, cells: string[]): Promise<Notebook> {
  writeFileSync(join(house.folder, FILE), JSON.stringify(notebookOf(cells)));
  return openWindow(house, FILE, Notebook);
}

/** Opens a file of this text in a new window. */
export async function openScript(house: House, text: string): Promise<Script> {
  writeFileSync(join(house.folder, SCRIPT), text);
  return openWindow(house, SCRIPT, Script);
}

async function openWindow<T extends Notebook>(
  house: House,
  file: string,
  kind: new (house: House, page: Page) => T,
): Promise<T> {
  const context = await house.browser.newContext({
    viewport: { width: 1200, height: 720 },
    deviceScaleFactor: 1.5,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(SECONDS * 1000);
  const opened = new kind(house, page);
  try {
    await page.goto(`${house.address}/lab/tree/${file}?reset`);
    // Comes last: the language is known, and the server has been told the text.
    await page.getByText("Fully initialized").waitFor();
  } catch (error) {
    await opened.keepEvidence("failed-to-open");
    throw error;
  }
  return opened;
}

function notebookOf(cells: string[]): object {
  const code = { cell_type: "code", execution_count: null, metadata: {}, outputs: [] };
  const title = { cell_type: "markdown", id: "title", metadata: {}, source: "# What VGG-16 has learned" };
  return {
    cells: [title, ...cells.map((source, index) => ({ ...code, id: `cell-${index}`, source }))],
    metadata: {
      kernelspec: { display_name: "Python 3 (ipykernel)", language: "python", name: "python3" },
      language_info: { name: "python" },
    },
    nbformat: 4,
    nbformat_minor: 5,
  };
}
