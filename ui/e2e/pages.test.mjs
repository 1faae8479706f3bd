import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { baseUrl, launch, waitForData, withPage } from "./browser.mjs";

let browser;

before(async () => {
  await waitForData('up{job="prometheus"}');
  browser = await launch();
});
after(() => browser?.close());

test("the targets page shows the server's own job as up", () =>
  withPage(browser, async (page) => {
    await page.goto(`${baseUrl}/targets`);
    const pool = page.getByRole("region", { name: "Pool prometheus" });
    await pool.getByText("1 / 1 up").waitFor();
    assert.match(await pool.locator("tbody tr").first().innerText(), /\/metrics[\s\S]*up[\s\S]*job="prometheus"/i);
    await pool.getByRole("button", { name: "Discovered labels" }).click();
    await pool.getByText("__address__").waitFor();
  }));

test("targets are filtered by text, and the filter is in the address", () =>
  withPage(browser, async (page) => {
    await page.goto(`${baseUrl}/targets`);
    await page.getByRole("region", { name: "Pool prometheus" }).waitFor();
    await page.getByRole("searchbox", { name: "Search" }).fill("no such target");
    await page.getByText("No target matches the filter.").waitFor();
    assert.match(page.url(), /search=no\+such\+target/);
  }));

test("the navigation leads through the status pages without a reload", () =>
  withPage(browser, async (page) => {
    await page.goto(`${baseUrl}/status`);
    await page.getByRole("rowheader", { name: "Version", exact: true }).waitFor();
    await page.getByRole("link", { name: "TSDB" }).click();
    await page.getByRole("rowheader", { name: "Series", exact: true }).waitFor();
    await page.getByRole("link", { name: "Flags" }).click();
    await page.getByText("--storage.tsdb.path").waitFor();
    await page.getByRole("link", { name: "Configuration" }).click();
    await page.getByText("scrape_configs:").waitFor();
    assert.equal(await page.evaluate(() => performance.getEntriesByType("navigation").length), 1);
    assert.match(page.url(), /\/config$/);
  }));

test("the theme switches between light and dark", () =>
  withPage(browser, async (page) => {
    await page.goto(`${baseUrl}/targets`);
    await page.getByRole("button", { name: "Switch to dark colours" }).click();
    assert.equal(await page.locator("html").getAttribute("data-mantine-color-scheme"), "dark");
  }));
