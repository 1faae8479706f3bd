import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { baseUrl, launch, waitForData, withPage } from "./browser.mjs";

let browser;

before(async () => {
  await waitForData('ALERTS{alertname="TargetDown",alertstate="firing"}');
  browser = await launch();
});
after(() => browser?.close());

test("the alerts page shows a firing alert with its labels and expanded annotations", () =>
  withPage(browser, async (page) => {
    await page.goto(`${baseUrl}/alerts`);
    const group = page.getByRole("region", { name: "Group availability" });
    await group.getByText("firing (1)").waitFor();
    await group.getByRole("button", { name: "TargetDown" }).click();
    const row = page.getByRole("table", { name: "Alerts of TargetDown" }).locator("tbody tr").first();
    assert.match(await row.innerText(), /severity="page"[\s\S]* is down[\s\S]*firing/i);
  }));

test("a filter for states hides what is quiet, and is in the address", () =>
  withPage(browser, async (page) => {
    await page.goto(`${baseUrl}/alerts`);
    await page.getByRole("button", { name: "NeverFires" }).waitFor();
    await page.getByText("Active", { exact: true }).click();
    await page.getByRole("button", { name: "NeverFires" }).waitFor({ state: "detached" });
    await page.getByRole("button", { name: "TargetDown" }).waitFor();
    assert.match(page.url(), /state=firing%2Cpending/);
  }));

test("the rules page names the rule that fails, and why", () =>
  withPage(browser, async (page) => {
    await page.goto(`${baseUrl}/rules`);
    const group = page.getByRole("region", { name: "Group recordings" });
    await group.getByText(/many-to-many matching not allowed/).waitFor();
    await group.getByRole("button", { name: "job:up:sum" }).click();
    await group.getByRole("link", { name: /sum by \(job\) \(up\)/ }).click();
    await page.waitForURL(/query\?g0\.expr=sum/);
  }));
