/** A window of VS Code on a fresh copy of the example, and what a person does in it. */

import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { Locator, Page } from "playwright-core";

import { RESULTS, ROOT, until } from "../browser.ts";
import { type House, writeSettings } from "./house.ts";

const EXAMPLE = join(ROOT, "examples/vgg16");
const FILE = "finetune.py";

export interface Preparation {
  /** Changes the text of finetune.py before the window opens. */
  edit?: (text: string) => string;
  /** Settings of the workspace. */
  settings?: Record<string, unknown>;
}

export class Workbench {
  readonly house: House;
  readonly folder: string;
  readonly page: Page;

  constructor(house: House, folder: string, page: Page) {
    this.house = house;
    this.folder = folder;
    this.page = page;
  }

  /** The file as it is on disk. */
  get text(): string {
    return readFileSync(join(this.folder, FILE), "utf8");
  }

  // ---------------------------------------------------------------- what is to be seen

  get suggestions(): Locator {
    return this.page.locator(".suggest-widget.visible .monaco-list-row");
  }

  /** The row of the suggestion list with exactly this label. */
  suggestion(label: string): Locator {
    const name = this.page.locator(".label-name").getByText(label, { exact: true });
    return this.suggestions.filter({ has: name });
  }

  get hover(): Locator {
    return this.page.locator(".monaco-hover:visible .hover-contents");
  }

  get squiggles(): Locator {
    return this.page.locator(".squiggly-error, .squiggly-warning");
  }

  get problems(): Locator {
    return this.page.locator(".markers-panel .monaco-list-row:has(.marker-icon)");
  }

  get lightBulb(): Locator {
    return this.page.locator(".monaco-editor [class*='lightbulb']:visible").first();
  }

  /** The rows of the quick fix menu. */
  get fixes(): Locator {
    return this.page.locator(".action-widget .monaco-list-row");
  }

  /** What stands above a line of code. */
  get lenses(): Locator {
    return this.page.locator(".monaco-editor .codelens-decoration a");
  }

  get notifications(): Locator {
    return this.page.locator(".notifications-toasts .notification-list-item");
  }

  // ---------------------------------------------------------------- what a person does

  /** Opens the quick fix menu and takes a row of it; a menu that VS Code closes is opened again. */
  async takeFix(text: string, open: () => Promise<void>, seen?: () => Promise<void>): Promise<void> {
    const row = this.fixes.filter({ hasText: text }).first();
    for (let attempt = 1; ; attempt += 1) {
      try {
        await open();
        await row.waitFor({ timeout: 10_000 });
        await seen?.();
        await row.click({ timeout: 5_000 });
        return;
      } catch (error) {
        if (attempt === 5) {
          throw error;
        }
        await this.press("Escape");
      }
    }
  }

  /** Clicks what stands above a line until this is to be read; VS Code draws it anew at times. */
  async followLens(title: string, words: string): Promise<void> {
    const line = this.page.locator(".view-line").filter({ hasText: words }).first();
    const lens = this.lenses.filter({ hasText: title }).first();
    await lens.waitFor();
    for (let attempt = 1; ; attempt += 1) {
      try {
        if ((await line.count()) === 0) {
          await lens.click({ timeout: 10_000 });
        }
        await line.waitFor({ timeout: 10_000 });
        return;
      } catch (error) {
        if (attempt === 5) {
          throw error;
        }
      }
    }
  }

  changeSettings(settings: Record<string, unknown>): void {
    writeSettings(join(this.folder, ".vscode"), settings);
  }

  /** Puts the cursor before or behind the first occurrence of `words`. */
  async putCursor(side: "before" | "behind", words: string): Promise<void> {
    const at = this.text.indexOf(words);
    if (at < 0) {
      throw new Error(`finetune.py has no ${words}`);
    }
    const lines = this.text.slice(0, side === "before" ? at : at + words.length).split("\n");
    await this.page.keyboard.press("Control+g");
    await this.page.locator(".quick-input-widget:visible input").fill(`:${lines.length}:${(lines.at(-1) ?? "").length + 1}`);
    await this.page.keyboard.press("Enter");
    await this.page.locator(".quick-input-widget").waitFor({ state: "hidden" });
  }

  /** Selects the first occurrence of `words` and types others over it. */
  async replace(words: string, others: string): Promise<void> {
    await this.putCursor("before", words);
    for (let i = 0; i < words.length; i++) {
      await this.page.keyboard.press("Shift+ArrowRight");
    }
    await this.type(others);
  }

  /** Types as fast as a good typist. */
  async type(words: string): Promise<void> {
    await this.page.keyboard.type(words, { delay: 40 });
  }

  async press(...keys: string[]): Promise<void> {
    for (const key of keys) {
      await this.page.keyboard.press(key);
    }
  }

  async save(): Promise<void> {
    await this.page.keyboard.press("Control+s");
  }

  /** Rests the mouse on a word of the code. */
  async pointAt(words: string): Promise<void> {
    const token = this.page.locator(".view-line span span").getByText(words).first();
    await token.hover();
  }

  /** Saves until the file on disk has `words`. */
  async untilSaved(words: string): Promise<void> {
    await until(`finetune.py has ${words}; it has ${this.changedLines()}`, async () => {
      await this.save();
      return this.text.includes(words);
    }, 10);
  }

  private changedLines(): string {
    const before = new Set(readFileSync(join(EXAMPLE, FILE), "utf8").split("\n"));
    return this.text.split("\n").filter((line) => !before.has(line)).join(" | ");
  }

  // ---------------------------------------------------------------- the server, and evidence

  /** What the extension wrote into its log, of this window. */
  get log(): string {
    const logs = globSync(join(this.house.folder, "data/logs/**/*Checkpoint IntelliSense.log"));
    return logs.map((path) => readFileSync(path, "utf8")).join("");
  }

  async untilServerRuns(): Promise<void> {
    await until("the log says that the server runs", () => this.log.includes("Running: "));
  }

  async screenshot(name: string): Promise<void> {
    mkdirSync(RESULTS, { recursive: true });
    await this.page.screenshot({ path: join(RESULTS, `${name}.png`) });
  }

  async keepEvidence(name: string): Promise<void> {
    await this.screenshot(name);
    writeFileSync(join(RESULTS, `${name}.log`), this.log);
  }
}

/** Opens the example in a new window, runs the test in it, closes it; keeps evidence of a failure. */
export async function inWorkbench(
  house: House,
  name: string,
  preparation: Preparation,
  test: (workbench: Workbench) => Promise<void>,
): Promise<void> {
  const folder = copyExample(house, name, preparation);
  // The logs of the windows before would be taken for those of this one.
  rmSync(join(house.folder, "data/logs"), { recursive: true, force: true });
  const context = await house.browser.newContext({
    viewport: { width: 1200, height: 720 },
    deviceScaleFactor: 1.5,
  });
  const page = await context.newPage();
  const workbench = new Workbench(house, folder, page);
  try {
    await page.goto(`${house.address}/?folder=${folder}`);
    await page.getByRole("treeitem", { name: FILE }).dblclick();
    await page.locator(".view-line").first().waitFor();
    // Comes last in the status bar; before it, VS Code drops some of what is asked of it.
    await page.locator("#status\\.problems").waitFor();
    await test(workbench);
  } catch (error) {
    await workbench.keepEvidence(`failed-${name}`);
    throw error;
  } finally {
    await context.close();
  }
}

function copyExample(house: House, name: string, { edit, settings }: Preparation): string {
  const folder = join(house.folder, name, "vgg16");
  cpSync(EXAMPLE, folder, { recursive: true });
  if (edit) {
    const path = join(folder, FILE);
    writeFileSync(path, edit(readFileSync(path, "utf8")));
  }
  if (settings) {
    writeSettings(join(folder, ".vscode"), settings);
  }
  return folder;
}
