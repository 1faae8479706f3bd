import { chromium } from "playwright-core";

/** Address of a running server that scrapes itself as job "prometheus"; may end in a route prefix. */
export const baseUrl = (process.env.BASE_URL ?? "http://127.0.0.1:9090").replace(/\/$/, "");

const quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export const launch = () => chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: quiet });

/** Runs a test in a fresh page and fails it on console errors and on requests that leave the server. */
export async function withPage(browser, test) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  const problems = [];
  const origin = new URL(baseUrl).origin;
  page.on("console", (message) => message.type() === "error" && problems.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => problems.push(`exception: ${error.message}`));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith("http") && url.origin !== origin) {
      problems.push(`request to ${url.origin}`);
    }
  });
  page.setDefaultTimeout(15_000);
  try {
    await test(page);
  } finally {
    await context.close();
  }

  if (problems.length > 0) {
    throw new Error(problems.join("\n"));
  }
}

/** Waits until the server answers the expression with at least one series, so that tests may start with it. */
export async function waitForData(expression, attempts = 60) {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const answer = await fetch(`${baseUrl}/api/v1/query?query=${encodeURIComponent(expression)}`).then((response) => response.json()).catch(() => null);
    if (answer?.data?.result?.length > 0) {
      return;
    }

    await new Promise((resolve) => setTimeout(resolve, 1000));
  }

  throw new Error(`${baseUrl} has no data for ${expression}`);
}
