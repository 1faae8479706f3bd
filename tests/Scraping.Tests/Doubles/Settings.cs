using Narthex.Configuration;

namespace Narthex.Scraping.Tests;

/// <summary>Makes scrape settings for tests that need no pool.</summary>
internal static class Settings
{
    public static ScrapeSettings Of(ScrapeConfig config) =>
        new() { Config = config, Accept = "*/*", Client = new SharedClient(new HttpMessageInvoker(new SocketsHttpHandler())), ToleranceMs = 2 };
}
