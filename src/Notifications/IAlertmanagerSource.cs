namespace Narthex.Notifications;

/// <summary>The Alertmanagers that discovery found. Safe for concurrent use; never waits.</summary>
public interface IAlertmanagerSource
{
    /// <summary>Where alerts are sent, as URLs, set by set. One that two sets name stands there twice.</summary>
    IReadOnlyList<string> GetActiveAlertmanagers();

    /// <summary>Where relabelling said that none are sent.</summary>
    IReadOnlyList<string> GetDroppedAlertmanagers();
}
