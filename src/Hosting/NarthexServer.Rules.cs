using Microsoft.Extensions.Logging;
using Narthex.Configuration;
using Narthex.Configuration.RuleFiles;
using Narthex.Notifications;
using Narthex.Rules;
using Narthex.Rules.Files;

namespace Narthex.Hosting;

// Recording and alerting rules, and the way of their alerts to the notifier.
public sealed partial class NarthexServer
{
    private readonly RuleManager _rules;

    private RuleManager MakeRules(ILoggerFactory loggers)
    {
        var context = new RuleContext
        {
            Query = RuleContext.QueryWith(_engine, () => _database),
            Appendable = _database,
            Storage = _database,
            OutageTolerance = _options.AlertOutageTolerance,
            ForGracePeriod = _options.AlertGracePeriod,
            ResendDelay = _options.AlertResendDelay,
            ConcurrentEvaluationsMax = _options.Features.Contains("concurrent-rule-eval") ? Math.Max(1, _options.MaxConcurrentRuleEvaluations) : 0,
            Time = _time,
            Logger = loggers.CreateLogger<RuleManager>(),
        };
        return new RuleManager(context, new RuleFileOptions { Language = LanguageOf(_options) }, _metrics);
    }

    private IReadOnlyList<(string File, RuleFileConfig Content)> LoadRules(PrometheusConfig configuration)
    {
        try
        {
            return _rules.Load(configuration.RuleFiles.SelectMany(FileGlob.Expand).Distinct(StringComparer.Ordinal));
        }
        catch (RuleFileException error)
        {
            throw new ConfigurationException($"error loading rules, previous rule set restored: {error.Message}", error);
        }
    }

    private Task ApplyRulesAsync(PrometheusConfig configuration, IReadOnlyList<(string File, RuleFileConfig Content)> files)
    {
        var external = new Uri(ExternalUrl.From(_options).Url.OriginalString.TrimEnd('/'));
        return _rules.ApplyAsync(files, configuration.Global.EvaluationInterval, context => context with
        {
            ExternalUrl = external,
            ExternalLabels = configuration.Global.ExternalLabels,
            QueryOffset = configuration.Global.RuleQueryOffset,
            Alerts = new AlertForwarding(_notifier, external),
        });
    }

    /// <summary>Hands the alerts of rules to the notifier.</summary>
    private sealed class AlertForwarding(INotifier notifier, Uri externalUrl) : IAlertSink
    {
        public void Send(string expression, IReadOnlyList<Alert> alerts)
        {
            string source = externalUrl.OriginalString + RuleLinks.TableLink(expression);
            notifier.Send([.. alerts.Select(alert => new AlertNotification(
                alert.Labels, alert.Annotations, alert.FiredAt ?? alert.ActiveAt, alert.ResolvedAt ?? alert.ValidUntil, source))]);
        }
    }
}
