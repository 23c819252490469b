/** A scenario file says what is wrong with it in one line, and those that come with the program are all right. */
import { describe, expect, test } from "vitest";
import { readScenario, scenarioNames } from "../../../src/sim/run/library.ts";
import { parseScenario } from "../../../src/sim/run/scenario.ts";

test.each(scenarioNames())("scenarios/%s.toml can be read, and is named like its file", (name) => {
  expect(readScenario(name)).toMatchObject({ name, about: expect.stringMatching(/.{20}/) });
});

test("an unknown scenario is answered with the names that there are", () => {
  const answer = readScenario("nosuch");
  expect(answer).toMatch(/^no scenario nosuch: .*mesh, .*standard.* fit$/);
});

test("what a scenario does not say has a default", () => {
  expect(parseScenario('name = "x"')).toMatchObject({
    nodes: 10,
    network: { delayMs: [10, 50], loss: 0 },
    speech: { messages: 200, everyMs: 1_000, bytes: 100 },
    faults: [],
  });
});

describe("refused in one line that names what fits", () => {
  test.each([
    ['name = "', /TOML|string|quote/i],
    ["nodes = 5", /needs a name/],
    ['name = "x"\nnodes = 0', /^nodes is 0: a whole number from 1 to 10000 fits$/],
    ['name = "x"\nnodes = 2.5', /^nodes is 2.5: a whole number from 1 to 10000 fits$/],
    ['name = "x"\n[network]\nloss = 1.0', /^network.loss is 1: 0 to below 1 fits$/],
    ['name = "x"\n[network]\njunk = -0.1', /^network.junk is -0.1: 0 to below 1 fits$/],
    ['name = "x"\n[network]\ndelayMs = [50, 10]', /^network.delayMs is \[50, 10\]: \[least, most\] fits$/],
    ['name = "x"\n[speech]\neveryMs = 0', /^speech.everyMs is 0: a whole number from 1 to \d+ fits$/],
    ['name = "x"\n[[faults]]\ntype = "earthquake"', /^fault 1: type is earthquake: partition, .* fit$/],
    [
      'name = "x"\n[hostile]\nstrategies = ["flatter"]',
      /^hostile\.strategies is \[flatter\]: a list of these fits: impersonate/,
    ],
    ['name = "x"\n[hostile]\ncount = 2', /^hostile\.strategies is undefined: /],
    ['name = "x"\n[hostile]\nstrategies = ["flood"]\ncount = 0', /^hostile\.count is 0: a whole number/],
    ['name = "x"\n[[faults]]\natMs = 5', /^fault 1: type is undefined: partition/],
    ['name = "x"\n[[faults]]\ntype = "crash"\nfor = 5', /^fault 1: for is unknown: type, atMs, .* fit$/],
    ['name = "x"\nnode = 5', /^node is unknown: name, about, nodes, .* fit$/],
    ['name = "x"\n[config]\nfanuot = 5', /^config.fanuot is unknown: fanout, .* fit$/],
    ['name = "x"\nnetwork = 5', /^network is 5: a table fits$/],
    ['name = "x"\n[network.regions]\nrome = "far"', /^network.regions is .*latitude/],
  ])("%j", (text, complaint) => {
    const answer = parseScenario(text);
    expect(answer).toMatch(complaint);
    expect(answer).not.toContain("\n");
  });
});
