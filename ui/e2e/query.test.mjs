import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { baseUrl, launch, waitForData, withPage } from "./browser.mjs";

const graphed = "rate(process_cpu_seconds_total[1m])";
let browser;

before(async () => {
  await waitForData(graphed);
  browser = await launch();
});
after(() => browser?.close());

async function type(page, text) {
  const editor = page.getByRole("textbox", { name: "PromQL expression" });
  await editor.click();
  await page.keyboard.type(text);
  // The completion list would take Enter for itself.
  await page.keyboard.press("Escape");
}

test("a typed query shows its rows", () =>
  withPage(browser, async (page) => {
    await page.goto(`${baseUrl}/query`);
    await type(page, "up");
    await page.keyboard.press("Enter");
    const row = page.locator("table[aria-label=Result] tbody tr").filter({ hasText: 'job="prometheus"' });
    await row.first().waitFor();
    assert.equal(await row.first().locator("td").last().innerText(), "1");
    await page.getByText(/Result series: [1-9]/).waitFor();
    assert.match(page.url(), /g0\.expr=up&/);
  }));

test("Shift+Enter starts a new line instead of running the query", () =>
  withPage(browser, async (page) => {
    await page.goto(`${baseUrl}/query`);
    await type(page, "up");
    await page.keyboard.press("Shift+Enter");
    await page.keyboard.type("+ 1");
    assert.equal(await page.locator(".cm-line").count(), 2);
    assert.doesNotMatch(page.url(), /g0\.expr=up/);
  }));

test("a graph is drawn with a legend, and one series can be hidden", () =>
  withPage(browser, async (page) => {
    await page.goto(`${baseUrl}/query?g0.expr=${encodeURIComponent(graphed)}&g0.tab=0&g0.range_input=5m`);
    const canvas = page.locator(".chart canvas");
    await canvas.waitFor();
    const entry = page.locator(".legend-entry").filter({ hasText: 'job="prometheus"' }).first();
    await entry.waitFor();
    const inked = await canvas.evaluate((node) => node.getContext("2d").getImageData(0, 0, node.width, node.height).data.some((byte, index) => index % 4 === 3 && byte > 0));
    assert.ok(inked, "nothing was painted on the canvas");

    await entry.click({ modifiers: ["Control"] });
    assert.equal(await entry.getAttribute("aria-pressed"), "false");

    await page.getByRole("button", { name: "Longer range" }).click();
    await page.waitForURL(/g0\.range_input=15m/);
  }));

test("the tooltip tells time and value under the pointer", () =>
  withPage(browser, async (page) => {
    await page.goto(`${baseUrl}/query?g0.expr=up&g0.tab=graph&g0.range_input=10s&g0.step_input=1`);
    const box = await page.locator(".chart .u-over").boundingBox();
    await page.mouse.move(box.x + box.width - 30, box.y + box.height / 2);
    await page.locator(".chart-tooltip").waitFor();
    assert.match(await page.locator(".chart-tooltip").innerText(), /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[\s\S]*up\{/);
  }));

test("autocomplete offers a metric of the server", () =>
  withPage(browser, async (page) => {
    await page.goto(`${baseUrl}/query`);
    await page.getByRole("textbox", { name: "PromQL expression" }).click();
    await page.keyboard.type("process_cpu_sec");
    const option = page.locator(".cm-tooltip-autocomplete li").filter({ hasText: "process_cpu_seconds_total" });
    await option.first().waitFor();
    await option.first().click();
    assert.equal(await page.locator(".cm-content").innerText(), "process_cpu_seconds_total");
  }));

test("a broken query is marked in the editor", () =>
  withPage(browser, async (page) => {
    await page.goto(`${baseUrl}/query`);
    await type(page, "rate(up");
    await page.locator(".cm-lintRange-error").first().waitFor({ state: "attached" });
  }));

test("an old link restores both of its panels", () =>
  withPage(browser, async (page) => {
    await page.goto(`${baseUrl}/query?g0.expr=up&g0.tab=1&g1.expr=${encodeURIComponent(graphed)}&g1.tab=0&g1.stacked=1&g1.range_input=2h`);
    const second = page.getByRole("region", { name: "Query 2" });
    await page.getByRole("region", { name: "Query 1" }).locator("table[aria-label=Result] tbody tr").first().waitFor();
    await second.locator(".chart canvas").waitFor();
    assert.equal(await second.getByRole("textbox", { name: "Range" }).inputValue(), "2h");
    assert.ok(await second.getByRole("radio", { name: "Stacked" }).isChecked());
  }));

test("a label with markup stays text", () =>
  withPage(browser, async (page) => {
    const markup = "<img src=x onerror=alert(1)>";
    await page.goto(`${baseUrl}/query?g0.expr=${encodeURIComponent(`label_replace(vector(1), "a", "${markup}", "", "")`)}&g0.tab=1`);
    await page.getByText(markup).first().waitFor();
    assert.equal(await page.locator("table[aria-label=Result] img").count(), 0);
  }));
