using System.Collections.Concurrent;
using Narthex.Storage;

namespace Narthex.Scraping;

/// <summary>Appenders for scrapes under way. As few as scrapes run at one time, since each holds the columns of a whole scrape.</summary>
internal sealed class AppenderPool(IAppendable storage) : IDisposable
{
    private readonly ConcurrentBag<IAppender> _idle = [];

    public IAppender Rent() => _idle.TryTake(out IAppender? appender) ? appender : storage.OpenAppender();

    /// <summary>Takes an appender back; whatever it still holds is forgotten.</summary>
    public void Return(IAppender appender)
    {
        appender.Rollback();
        _idle.Add(appender);
    }

    public void Dispose()
    {
        while (_idle.TryTake(out IAppender? appender))
        {
            appender.Dispose();
        }
    }
}
