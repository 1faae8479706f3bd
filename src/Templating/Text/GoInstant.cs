using Narthex.Model;

namespace Narthex.Templating.Text;

/// <summary>A time with the members that templates know of it.</summary>
/// <param name="Utc">The time, to the microsecond fraction that .NET knows.</param>
/// <param name="OffsetSeconds">How far its zone is ahead.</param>
/// <param name="ZoneName">The zone's abbreviation.</param>
internal readonly record struct GoInstant(DateTime Utc, int OffsetSeconds = 0, string ZoneName = "UTC") : ITemplateObject
{
    public string TypeName => "time.Time";

    public DateTime Local => Utc.AddSeconds(OffsetSeconds);

    public int Nanoseconds => (int)(Utc.Ticks % TimeSpan.TicksPerSecond) * 100;

    private long UnixTicks => Utc.Ticks - DateTime.UnixEpoch.Ticks;

    public static GoInstant FromUnixMilliseconds(long milliseconds) => new(DateTime.UnixEpoch.AddTicks(milliseconds * TimeSpan.TicksPerMillisecond));

    public string Print() => GoTimeLayout.Format(this, "2006-01-02 15:04:05.999999999 -0700 MST");

    public bool TryGetMember(string name, out object? value)
    {
        GoInstant self = this;
        value = name switch
        {
            "Format" => new TemplateFunction(a => GoTimeLayout.Format(self, (string)a[0]!), TemplateParameter.String),
            "String" => new TemplateFunction(_ => self.Print()),
            "Add" => new TemplateFunction(a => self with { Utc = self.Utc + ((GoDurationValue)a[0]!).Duration }, GoDurationValue.Parameter),
            "Sub" => new TemplateFunction(a => new GoDurationValue(self.Utc - ((GoInstant)a[0]!).Utc), Parameter),
            "AddDate" => new TemplateFunction(
                a => self with { Utc = self.Utc.AddYears((int)(long)a[0]!).AddMonths((int)(long)a[1]!).AddDays((long)a[2]!) },
                TemplateParameter.Int, TemplateParameter.Int, TemplateParameter.Int),
            "Truncate" => new TemplateFunction(a => self with { Utc = Truncate(self.Utc, ((GoDurationValue)a[0]!).Duration) }, GoDurationValue.Parameter),
            "After" => new TemplateFunction(a => self.Utc > ((GoInstant)a[0]!).Utc, Parameter),
            "Before" => new TemplateFunction(a => self.Utc < ((GoInstant)a[0]!).Utc, Parameter),
            "Equal" => new TemplateFunction(a => self.Utc == ((GoInstant)a[0]!).Utc, Parameter),
            "IsZero" => new TemplateFunction(_ => self.Utc == DateTime.MinValue),
            "UTC" or "Local" => new TemplateFunction(_ => new GoInstant(self.Utc)),
            "Unix" => new TemplateFunction(_ => (long)Math.Floor(self.UnixTicks / (double)TimeSpan.TicksPerSecond)),
            "UnixMilli" => new TemplateFunction(_ => self.UnixTicks / TimeSpan.TicksPerMillisecond),
            "UnixMicro" => new TemplateFunction(_ => self.UnixTicks / TimeSpan.TicksPerMicrosecond),
            "UnixNano" => new TemplateFunction(_ => self.UnixTicks * 100),
            "Year" => new TemplateFunction(_ => (long)self.Local.Year),
            "Month" => new TemplateFunction(_ => GoNamedNumber.Month(self.Local.Month)),
            "Weekday" => new TemplateFunction(_ => GoNamedNumber.Weekday(self.Local.DayOfWeek)),
            "Day" => new TemplateFunction(_ => (long)self.Local.Day),
            "YearDay" => new TemplateFunction(_ => (long)self.Local.DayOfYear),
            "Hour" => new TemplateFunction(_ => (long)self.Local.Hour),
            "Minute" => new TemplateFunction(_ => (long)self.Local.Minute),
            "Second" => new TemplateFunction(_ => (long)self.Local.Second),
            "Nanosecond" => new TemplateFunction(_ => (long)self.Nanoseconds),
            _ => null,
        };
        return value is not null;
    }

    public static TemplateParameter Parameter { get; } = new("time.Time", value => value is GoInstant);

    private static DateTime Truncate(DateTime time, TimeSpan unit) => unit > TimeSpan.Zero ? time.AddTicks(-(time.Ticks % unit.Ticks)) : time;
}

/// <summary>A duration with the members that templates know of it.</summary>
internal readonly record struct GoDurationValue(TimeSpan Duration) : ITemplateObject
{
    public string TypeName => "time.Duration";

    public static TemplateParameter Parameter { get; } = new("time.Duration", value => value is GoDurationValue);

    public string Print() => GoDuration.Format(Duration);

    public bool TryGetMember(string name, out object? value)
    {
        GoDurationValue self = this;
        value = name switch
        {
            "String" => new TemplateFunction(_ => self.Print()),
            "Hours" => new TemplateFunction(_ => self.Duration.TotalHours),
            "Minutes" => new TemplateFunction(_ => self.Duration.TotalMinutes),
            "Seconds" => new TemplateFunction(_ => self.Duration.TotalSeconds),
            "Milliseconds" => new TemplateFunction(_ => self.Duration.Ticks / TimeSpan.TicksPerMillisecond),
            "Microseconds" => new TemplateFunction(_ => self.Duration.Ticks / TimeSpan.TicksPerMicrosecond),
            "Nanoseconds" => new TemplateFunction(_ => self.Duration.Ticks * 100),
            "Abs" => new TemplateFunction(_ => new GoDurationValue(self.Duration.Duration())),
            "Round" => new TemplateFunction(a => new GoDurationValue(Round(self.Duration, ((GoDurationValue)a[0]!).Duration)), Parameter),
            "Truncate" => new TemplateFunction(
                a => ((GoDurationValue)a[0]!).Duration is { Ticks: > 0 } unit ? new GoDurationValue(self.Duration - new TimeSpan(self.Duration.Ticks % unit.Ticks)) : self,
                Parameter),
            _ => null,
        };
        return value is not null;
    }

    private static TimeSpan Round(TimeSpan duration, TimeSpan unit) =>
        unit.Ticks > 0 ? new TimeSpan((long)Math.Round(duration.Ticks / (double)unit.Ticks, MidpointRounding.AwayFromZero) * unit.Ticks) : duration;
}

/// <summary>A month or a day of the week: a number that prints as its name.</summary>
internal sealed record GoNamedNumber(string TypeName, long Number, string Name) : ITemplateObject
{
    public static GoNamedNumber Month(int month) =>
        new("time.Month", month, System.Globalization.CultureInfo.InvariantCulture.DateTimeFormat.GetMonthName(month));

    public static GoNamedNumber Weekday(DayOfWeek day) => new("time.Weekday", (long)day, day.ToString());

    public string Print() => Name;

    public bool TryGetMember(string name, out object? value)
    {
        value = name == "String" ? new TemplateFunction(_ => Name) : null;
        return value is not null;
    }
}
