import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { mayRestart } from "../src/survival.js";

const NOW = 1_000_000_000;
const MINUTE = 60_000;

describe("a server that ended", () => {
  it("is started again when it had worked for a while", () => {
    assert.equal(mayRestart({ startedAt: NOW - MINUTE, endedAt: [] }, NOW), true);
  });

  it("is left alone when it ended in its first seconds", () => {
    assert.equal(mayRestart({ startedAt: NOW - 1_000, endedAt: [] }, NOW), false);
  });

  it("is left alone when it ends again and again", () => {
    const endedAt = [NOW - 150_000, NOW - 90_000, NOW - 30_000];
    assert.equal(mayRestart({ startedAt: NOW - 20_000, endedAt }, NOW), false);
  });

  it("is started again when the other ends are long ago", () => {
    const endedAt = [NOW - 40 * MINUTE, NOW - 30 * MINUTE, NOW - 20 * MINUTE];
    assert.equal(mayRestart({ startedAt: NOW - 10 * MINUTE, endedAt }, NOW), true);
  });
});
