/** What a person sees in JupyterLab with jupyterlab-lsp and the VGG-16 example. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import { ROOT } from "../browser.ts";
import { type House, openHouse, SECONDS, type Settings } from "./house.ts";
import { type Notebook, openNotebook, openScript, type Script } from "./notebook.ts";

const LEAF = "vgg_16/conv1/conv1_1/weights";
const CELLS = [
  "import tensorflow as tf\nCHECKPOINT = 'ckpts/vgg_16.ckpt'",
  "%matplotlib inline\nreader = tf.train.load_checkpoint(CHECKPOINT)",
  "means = reader.get_tensor('vgg_16/mean_rgb')",
  "biases = reader.get_tensor('vgg_16/cnov1/conv1_1/biases')",
  "",
];
const [MEANS, SLIP, NEW] = [2, 3, 4];
const PROGRAM = `${CELLS[0]}\nreader = tf.train.load_checkpoint(CHECKPOINT)\n${CELLS[MEANS]}\n`;
const LIMIT = { timeout: 5 * SECONDS * 1000 };

/** The block of JSON under this heading of docs/editors.md. */
function snippet(heading: string): Settings {
  const page = readFileSync(join(ROOT, "docs/editors.md"), "utf8");
  const section = page.split(`# ${heading}`)[1];
  const block = /```json\n(.*?)```/s.exec(section ?? "");
  assert.ok(block, `docs/editors.md has no JSON under ${heading}`);
  return JSON.parse(block[1] as string) as Settings;
}

type Scenario<T> = (what: string, name: string, test: (opened: T) => Promise<void>) => void;

/** The tests of one window of a user with these settings of jupyterlab-lsp, in their order. */
function withSettings<T extends Notebook>(
  title: string,
  settings: () => Settings,
  open: (house: House) => Promise<T>,
  tests: (scenario: Scenario<T>) => void,
): void {
  describe(title, () => {
    let house: House;
    let opened: T;
    before(async () => {
      house = await openHouse({ "@jupyter-lsp/jupyterlab-lsp/plugin": settings() });
      opened = await open(house);
    }, LIMIT);
    after(() => house?.close(), LIMIT);
    tests((what, name, test) => {
      it(what, LIMIT, async () => {
        await test(opened).catch(async (error: unknown) => {
          await opened.keepEvidence(`failed-${name}`);
          throw error;
        });
      });
    });
  });
}

async function seesTheSlip(n: Notebook): Promise<void> {
  await n.askProblem(SLIP, "did you mean `vgg_16/conv1/conv1_1/biases`?");
}

async function seesTheShape(n: Notebook): Promise<void> {
  await n.squiggles(SLIP).waitFor(); // the checkpoint has been read
  await n.ask(MEANS, "vgg_16/mean_rgb", "float32 [3]");
}

/** The same in the editor of files; what is typed comes last, as signatures are shown with it. */
async function worksInScript(script: Script, name: string): Promise<void> {
  await script.squiggles(0).waitFor(); // the checkpoint has been read
  await script.ask(0, "vgg_16/mean_rgb", "float32 [3]");
  await script.askProblem(0, "did you mean `vgg_16/conv1/conv1_1/biases`?");
  await script.write(0, `${PROGRAM}weights = reader.get_tensor('vgg_16/conv1/conv1_1/w|')`);
  await script.complete(LEAF);
  await script.screenshot(name);
  await script.take(LEAF);
  await script.untilWritten(0, `${PROGRAM}weights = reader.get_tensor('${LEAF}')`);
  await script.squiggles(0).waitFor({ state: "detached" });
}

const inNotebook = (house: House): Promise<Notebook> => openNotebook(house, CELLS);
const inScript = (house: House): Promise<Script> => openScript(house, `${PROGRAM}${CELLS[SLIP]}`);

withSettings("ckptls alone, ranked highest as docs/editors.md says", () => snippet("JupyterLab"), inNotebook, (scenario) => {
  scenario("is the server that is asked", "alone", async (n) => {
    const servers = await n.servers();
    assert.equal(servers["zz-ckptls"], "started");
    assert.equal(servers["pylsp"], "not_started");
    assert.deepEqual([...n.asked], ["zz-ckptls"]);
  });

  scenario("completes a name in a string, with its shape", "completion", async (n) => {
    await n.write(NEW, "weights = reader.get_tensor('vgg_16/conv1/conv1_1/");
    await n.complete(LEAF);
    assert.match(await n.suggestion(LEAF).innerText(), /float32 \[3, 3, 3, 64\]/);
    await n.screenshot("completion");
    await n.take(LEAF);
    await n.untilWritten(NEW, `weights = reader.get_tensor('${LEAF}`);
  });

  scenario("goes scope by scope, whatever stands behind the cursor", "scopes", async (n) => {
    for (const [typed, label, written] of [
      ["f = reader.get_tensor('vg", "vgg_16/", "f = reader.get_tensor('vgg_16/"],
      ["f = reader.get_tensor('vg|')", "vgg_16/", "f = reader.get_tensor('vgg_16/')"],
      ["f = reader.get_tensor('vgg_16/con|')", "vgg_16/conv2/", "f = reader.get_tensor('vgg_16/conv2/')"],
      ["f = reader.get_tensor('vgg_16/me|an')", "vgg_16/mean_rgb", "f = reader.get_tensor('vgg_16/mean_rgb')"],
      ["f = reader.get_tensor('vgg_16/fc|)", "fc6/", "f = reader.get_tensor('vgg_16/fc6/)"],
    ] as const) {
      await n.write(NEW, typed);
      await n.complete(label);
      await n.take(label);
      await n.untilWritten(NEW, written);
    }
  });

  scenario("tells dtype and shape of a variable", "hover", async (n) => {
    await seesTheShape(n);
    await n.screenshot("hover");
  });

  scenario("marks a misspelt name until it is mended", "problem", async (n) => {
    await seesTheSlip(n);
    await n.screenshot("problem");
    await n.write(SLIP, "biases = reader.get_tensor('vgg_16/conv1/conv1_1/biases')");
    await n.squiggles(SLIP).waitFor({ state: "detached" });
  });
});

withSettings("beside python-lsp-server, without any setting", () => ({}), inNotebook, (scenario) => {
  scenario("leaves that the server that is asked", "beside", async (n) => {
    const servers = await n.servers();
    assert.equal(servers["zz-ckptls"], "not_started");
    assert.equal(servers["pylsp"], "started");
    assert.deepEqual([...n.asked], ["pylsp"]);
  });

  scenario("completes names through its plugin", "plugin-completion", async (n) => {
    await n.write(NEW, "weights = reader.get_tensor('vgg_16/conv1/conv1_1/w|')");
    await n.complete(LEAF);
    await n.screenshot("plugin-completion");
    await n.take(LEAF);
    await n.untilWritten(NEW, `weights = reader.get_tensor('${LEAF}')`);
  });

  scenario("tells dtype and shape through its plugin", "plugin-hover", seesTheShape);

  scenario("marks a misspelt name through its plugin", "plugin-problem", async (n) => {
    await seesTheSlip(n);
    await n.screenshot("plugin-problem");
  });

  scenario("leaves the completion of Python to it", "python", async (n) => {
    await n.write(NEW, "import collections\ncollections.OrderedD");
    await n.complete("OrderedDict");
  });
});

withSettings("ckptls alone, in a file", () => snippet("JupyterLab"), inScript, (scenario) => {
  scenario("finds, tells and completes", "file", (script) => worksInScript(script, "file"));
});

withSettings("beside python-lsp-server, in a file", () => ({}), inScript, (scenario) => {
  scenario("finds, tells and completes", "plugin-file", (script) => worksInScript(script, "plugin-file"));
});
