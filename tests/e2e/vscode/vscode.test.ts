/** What a person sees in VS Code with the extension installed and the VGG-16 example open. */

import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import { RESULTS, until } from "../browser.ts";
import { type House, openHouse } from "./house.ts";
import { inWorkbench, type Preparation, type Workbench } from "./workbench.ts";

const LEAF = "vgg_16/conv1/conv1_1/weights";
const READER = "reader = tf.train.load_checkpoint(CHECKPOINT)";
const READ_MEANS = "reader.get_tensor('vgg_16/mean_rgb')";

let house: House;

function scenario(
  title: string,
  name: string,
  preparation: Preparation,
  test: (workbench: Workbench) => Promise<void>,
): void {
  it(title, { timeout: 120_000 }, () => inWorkbench(house, name, preparation, test));
}

/** A line below the one that makes the reader, typed up to the opening quote. */
async function openQuote(workbench: Workbench): Promise<void> {
  await workbench.untilServerRuns();
  await workbench.putCursor("behind", READER);
  await workbench.press("Enter");
  await workbench.type('weights = reader.get_tensor("');
}

before(async () => {
  rmSync(RESULTS, { recursive: true, force: true });
  house = await openHouse();
});

after(async () => {
  await house.close();
});

describe("completion inside the quotes", () => {
  scenario("offers a variable by its full name, with its shape, and writes it", "leaf", {}, async (w) => {
    await openQuote(w);
    await w.type("vgg_16/conv1/conv1_1/w");
    await w.suggestion(LEAF).waitFor();
    assert.match((await w.suggestion(LEAF).innerText()).replaceAll("\u00a0", " "), /\[3, 3, 3, 64\]/);
    await w.screenshot("completion");
    await w.press("Enter");
    await w.untilSaved(`weights = reader.get_tensor("${LEAF}")\n`);
  });

  scenario("walks scope by scope", "walk", {}, async (w) => {
    await openQuote(w);
    await w.suggestion("vgg_16/").click();
    await w.suggestion("vgg_16/conv1/").waitFor();
    await w.screenshot("scopes");
    await w.suggestion("vgg_16/conv1/").click();
    await w.suggestion("vgg_16/conv1/conv1_1/").click();
    await w.suggestion(LEAF).click();
    await w.untilSaved(`weights = reader.get_tensor("${LEAF}")\n`);
  });

  const OPEN_STRING = {
    settings: { "editor.autoClosingQuotes": "never", "editor.autoClosingBrackets": "never" },
  };
  scenario("works in a string that is still open", "open-string", OPEN_STRING, async (w) => {
    await openQuote(w);
    await w.suggestion("vgg_16/").waitFor();
    await w.type("vgg_16/conv1/conv1_1/");
    await w.suggestion(LEAF).click();
    await w.untilSaved(`weights = reader.get_tensor("${LEAF}\n`);
  });
});

describe("hover", () => {
  scenario("tells dtype and shape of a variable", "hover", {}, async (w) => {
    await w.untilServerRuns();
    await w.putCursor("behind", READ_MEANS);
    await w.pointAt("vgg_16/mean_rgb");
    await w.hover.filter({ hasText: "float32" }).filter({ hasText: "[3]" }).first().waitFor();
    await w.screenshot("hover");
  });

  const WEIGHTS = { edit: (text: string) => text.replace("vgg_16/mean_rgb", LEAF) };
  scenario("tells the shape of a convolution's weights", "hover-weights", WEIGHTS, async (w) => {
    await w.untilServerRuns();
    await w.putCursor("behind", `reader.get_tensor('${LEAF}')`);
    await w.pointAt(LEAF);
    await w.hover.filter({ hasText: "[3, 3, 3, 64]" }).first().waitFor();
  });
});

describe("a misspelt scope", () => {
  scenario("of a layer gets a squiggle, a problem and a fix", "layer", {}, async (w) => {
    await w.untilServerRuns();
    await w.replace("conv1", "cnov1");
    await w.squiggles.first().waitFor();
    await w.press("Control+Shift+m");
    const problem = w.problems.filter({ hasText: "cnov1" }).filter({ hasText: "conv1" });
    await problem.first().waitFor();
    await w.screenshot("problem");
    await problem.first().dblclick();
    const seen = () => w.screenshot("fix");
    await w.takeFix("conv1", () => w.lightBulb.click({ timeout: 10_000 }), seen);
    await w.untilSaved("[3, 3], scope='conv1')");
    await until("no squiggle is left", async () => (await w.squiggles.count()) === 0);
  });

  scenario("of an assignment map gets an error and a fix", "assignment-map", {}, async (w) => {
    const call = "tf.train.init_from_checkpoint(CHECKPOINT, {'vgg_16/KEY/': 'vgg_16/conv1/'})";
    await w.untilServerRuns();
    await w.putCursor("behind", "logits = vgg_16(images, len(classes), is_training=True)");
    await w.press("Enter");
    await w.type(call.replace("KEY", "cnov1"));
    await w.page.locator(".squiggly-error").first().waitFor();
    await w.untilSaved("cnov1");
    await w.putCursor("behind", "vgg_16/cnov");
    await w.takeFix("vgg_16/conv1/", () => w.press("Control+."));
    await w.untilSaved(call.replace("KEY", "conv1"));
    await until("no error is left", async () => (await w.page.locator(".squiggly-error").count()) === 0);
  });
});

describe("the lens above a restore", () => {
  const LOADED = "model.load_weights(CHECKPOINT)";
  const edit = (text: string) =>
    text.replace("def main():", `def loaded():\n    model = tf.keras.applications.VGG16(weights=None)\n    ${LOADED}\n    return model\n\n\ndef main():`);
  scenario("leads from load_weights to what the checkpoint holds", "lens", { edit }, async (w) => {
    await w.untilServerRuns();
    await w.putCursor("behind", LOADED);
    await w.followLens("ckpts/vgg_16.ckpt: 34 variables", "in the checkpoint, and not named by this code");
    await w.page.locator(".view-line").filter({ hasText: LEAF }).first().waitFor();
    await w.screenshot("lens");
  });

  scenario("tells which names a slim model finds", "lens-slim", {}, async (w) => {
    await w.untilServerRuns();
    await w.putCursor("behind", "restore = slim.assign_from_checkpoint_fn(");
    await w.followLens("ckpts/vgg_16.ckpt: 30 names found", "found: 30");
  });
});

describe("the untouched example", () => {
  scenario("has no problem, and shows the first one that is made", "untouched", {}, async (w) => {
    await w.untilServerRuns();
    await w.putCursor("behind", READ_MEANS);
    await w.pointAt("vgg_16/mean_rgb");
    await w.hover.filter({ hasText: "float32" }).first().waitFor();
    await w.press("Control+Shift+m");
    await w.page.getByText("No problems have been detected in the workspace").waitFor();
    // The firing twin: were the silence that of a server which checks nothing, this would show it.
    await w.replace("conv1", "cnov1");
    await w.problems.first().waitFor();
    assert.equal(await w.problems.count(), 1);
  });
});

describe("a server that cannot start", () => {
  const NO_PYTHON = { settings: { "ckptls.interpreter": "/no/such/python" } };
  scenario("for want of the interpreter says so once, and what to do", "no-python", NO_PYTHON, async (w) => {
    const message = w.notifications.filter({ hasText: "Checkpoint IntelliSense" });
    await message.first().waitFor();
    const text = await message.first().innerText();
    assert.match(text, /ckptls\.interpreter names \/no\/such\/python, which was not found/);
    assert.match(text, /Correct the setting/);
    assert.match(text, /Open Settings/);
    await w.screenshot("no-python");
    assert.equal(await w.notifications.count(), 1);
    await message.getByRole("button", { name: "Show Log" }).click();
    await w.page.locator(".output-view").filter({ hasText: "Not used: /no/such/python was not found" }).waitFor();
  });

  scenario("because it crashes is started once, and says why", "crash", {}, async (w) => {
    await w.untilServerRuns();
    const count = join(w.folder, "starts");
    const program = join(w.folder, "crashing");
    const script = `#!/bin/sh\necho x >> '${count}'\necho 'no module named pygls' >&2\nexit 3\n`;
    writeFileSync(program, script, { mode: 0o755 });
    w.changeSettings({ "ckptls.path": program });
    await w.notifications.filter({ hasText: "exit code 3: no module named pygls" }).first().waitFor();
    assert.equal(await w.notifications.count(), 1);
    assert.equal(readFileSync(count, "utf8").trim(), "x");
    // With the setting corrected it comes back by itself.
    w.changeSettings({});
    await until("the server runs again", () => w.log.split("Running: ").length === 3);
  });
});
