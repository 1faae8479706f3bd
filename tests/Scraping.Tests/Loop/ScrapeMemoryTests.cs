using System.Text;
using Narthex.Configuration;
using Narthex.Exposition;
using Narthex.Model;
using Narthex.Storage;

namespace Narthex.Scraping.Tests;

/// <summary>What a target's last scrapes have left in its caches never changes what the next one means.</summary>
public class ScrapeMemoryTests
{
    [Theory]
    [InlineData(ExpositionFormat.Text)]
    [InlineData(ExpositionFormat.OpenMetrics)]
    public void Scrapes_with_a_memory_give_the_same_as_scrapes_without(ExpositionFormat format)
    {
        for (int seed = 0; seed < 150; seed++)
        {
            var random = new Random(seed);
            var exposition = new RandomExposition(random, format);
            var remembering = new Target();
            for (int scrape = 0; scrape < 25; scrape++)
            {
                exposition.Change();
                byte[] body = exposition.Render();
                ExpositionFormat kind = random.Next(30) == 0 ? Other(format) : format;
                string expected = new Target().Scrape(kind, body);
                string actual = remembering.Scrape(kind, body);
                Assert.True(expected == actual, $"seed {seed}, scrape {scrape}, {kind}:\n{Encoding.UTF8.GetString(body)}\nexpected\n{expected}\ngot\n{actual}");
            }
        }
    }

    [Fact]
    public void A_line_that_the_last_body_cut_off_goes_on()
    {
        var target = new Target();
        target.Scrape(ExpositionFormat.Text, "a 1\n# HELP b it"u8);
        Assert.Equal(new Target().Scrape(ExpositionFormat.Text, "a 1\n# HELP b it counts\nb 2\n"u8), target.Scrape(ExpositionFormat.Text, "a 1\n# HELP b it counts\nb 2\n"u8));
    }

    [Fact]
    public void A_new_series_below_known_lines_has_their_type()
    {
        var target = new Target();
        target.Scrape(ExpositionFormat.Text, "# TYPE h histogram\nh_bucket{le=\"1\"} 1\n# TYPE g gauge\ng{le=\"1\"} 1\n"u8);
        string shown = target.Scrape(
            ExpositionFormat.Text, "# TYPE h histogram\nh_bucket{le=\"2\"} 1\nh_bucket{le=\"1\"} 1\n# TYPE g gauge\ng{le=\"2\"} 1\n"u8);
        Assert.Contains("h_bucket{job=\"j\",le=\"2.0\"}", shown, StringComparison.Ordinal);
        Assert.Contains("g{job=\"j\",le=\"2\"}", shown, StringComparison.Ordinal);
    }

    [Fact]
    public void Comments_alone_do_not_make_the_metadata_new()
    {
        var target = new Target();
        target.Scrape(ExpositionFormat.Text, "# made at 10:00\n# HELP a first\na 1\n# at 10:00\nb 1\n"u8);
        IReadOnlyList<FamilyMetadata> before = target.Metadata.Families;
        target.Scrape(ExpositionFormat.Text, "# made at 10:00\n# HELP a first\na 1\n# at 10:01\nb 1\n"u8);
        Assert.Same(before, target.Metadata.Families);
        target.Scrape(ExpositionFormat.Text, "# made at 10:00\n# HELP a second\na 1\n# at 10:01\nb 1\n"u8);
        Assert.Equal("second", Assert.Single(target.Metadata.Families).Metadata.Help);
    }

    private static ExpositionFormat Other(ExpositionFormat format) =>
        format == ExpositionFormat.Text ? ExpositionFormat.OpenMetrics : ExpositionFormat.Text;

    private sealed class Target
    {
        private static readonly Labels s_labels = Labels.FromStrings("job", "j");
        private static readonly ScrapeSettings s_settings = Settings.Of(new ScrapeConfig { JobName = "j" });
        private readonly SeriesCache _cache = new();
        private readonly ScrapeIngester _ingester;
        private readonly TextAppender _appender = new();
        private long _nowMs = 1_000_000;

        public Target() => _ingester = new ScrapeIngester(_cache, Metadata, new SeriesResolver());

        public TargetMetadataCache Metadata { get; } = new(new MetadataPool());

        /// <summary>Everything that a scrape leads to, save for staleness markers: an error, or samples and metadata.</summary>
        public string Scrape(ExpositionFormat format, ReadOnlySpan<byte> body)
        {
            _appender.Rows.Clear();
            try
            {
                _ingester.Ingest(s_settings, s_labels, format, body, _nowMs, _appender);
            }
            catch (Exception error) when (error is ExpositionException or ScrapeException)
            {
                return "error " + error.Message;
            }

            string rows = string.Join("\n", _appender.Rows.Take(_ingester.StaleRows.Start.Value));
            string families = string.Join("\n", Metadata.Families.Select(family => family.ToString()));
            return $"{rows}\n{families}\nduplicates {_ingester.Duplicates}, kept {_ingester.Counts.Kept}, scraped {_ingester.Counts.Scraped}";
        }
    }

    private sealed class TextAppender : IAppender
    {
        private readonly List<Labels> _series = [];

        public List<string> Rows { get; } = [];

        public SeriesRef GetOrAddSeries(Labels labels)
        {
            int index = _series.IndexOf(labels);
            if (index < 0)
            {
                index = _series.Count;
                _series.Add(labels);
            }

            return new SeriesRef((ulong)index + 1);
        }

        public void Append(SeriesRef series, long timestampMs, double value) =>
            Rows.Add($"{RecordingStorage.Text(_series[(int)series.Value - 1])} {timestampMs} {BitConverter.DoubleToUInt64Bits(value):x}");

        public void Append(SeriesRef series, long timestampMs, FloatHistogram histogram) => throw new InvalidOperationException();

        public void AppendExemplar(SeriesRef series, in Exemplar exemplar) => Rows.Add($"exemplar {exemplar.TimestampMs} {exemplar.Value}");

        public void UpdateMetadata(SeriesRef series, in MetricMetadata metadata)
        {
        }

        public CommitResult Commit(ICollection<RejectedSample>? rejected = null) => default;

        public void Rollback() => Rows.Clear();

        public void Dispose()
        {
        }
    }

    /// <summary>A body that changes a little from scrape to scrape: values always, lines now and then, single bytes rarely.</summary>
    private sealed class RandomExposition(Random random, ExpositionFormat format)
    {
        private static readonly string[] s_types = ["counter", "gauge", "histogram", "summary"];
        private readonly List<string> _lines = []; // A series line ends where its value begins.

        public void Change()
        {
            if (_lines.Count == 0)
            {
                for (int i = random.Next(1, 20); i > 0; i--)
                {
                    _lines.Add(NewLine());
                }
            }

            for (int change = random.Next(4) == 0 ? random.Next(1, 4) : 0; change > 0; change--)
            {
                int at = random.Next(_lines.Count);
                switch (random.Next(4))
                {
                    case 0:
                        _lines.Insert(at, NewLine());
                        break;
                    case 1 when _lines.Count > 1:
                        _lines.RemoveAt(at);
                        break;
                    case 2:
                        int other = random.Next(_lines.Count);
                        (_lines[at], _lines[other]) = (_lines[other], _lines[at]);
                        break;
                    default:
                        _lines[at] = NewLine();
                        break;
                }
            }
        }

        public byte[] Render()
        {
            var text = new StringBuilder();
            foreach (string line in _lines)
            {
                text.Append(line).Append(line.Length == 0 || line[0] == '#' ? "" : NewValue()).Append('\n');
            }

            if (format == ExpositionFormat.OpenMetrics)
            {
                text.Append("# EOF").Append(random.Next(2) == 0 ? "\n" : "");
            }
            else if (random.Next(10) == 0)
            {
                text.Length--;
            }

            byte[] body = Encoding.UTF8.GetBytes(text.ToString());
            switch (random.Next(12))
            {
                case 0:
                    body[random.Next(body.Length)] = (byte)random.Next(256);
                    break;
                case 1:
                    body = body[..random.Next(1, body.Length + 1)];
                    break;
            }

            return body;
        }

        private string NewLine()
        {
            // Bounds are written as they are stored: a series that is known keeps its labels when its type changes, as upstream's does.
            string family = "f" + random.Next(4);
            return random.Next(9) switch
            {
                0 => $"# HELP {family} text {random.Next(3)}",
                1 or 2 => $"# TYPE {family} {s_types[random.Next(4)]}",
                3 when format == ExpositionFormat.Text => random.Next(3) switch { 0 => "", 1 => $"# comment {random.Next(3)}", _ => "#" },
                4 => family + " ",
                5 => $"{family}{{quantile=\"{random.Next(3)}.5\"}} ",
                6 => $"{{\"{family}.x\",a=\"}} #\"}} ",
                _ => $"{family}{{le=\"{random.Next(4)}.5\",a=\"{random.Next(3)}\"}} ",
            };
        }

        private string NewValue() => random.Next(12) switch
        {
            0 => "NaN",
            1 => "1.7976931348623157e+308",
            2 => "0.1 " + (format == ExpositionFormat.Text ? "999000" : "999"),
            3 when format == ExpositionFormat.OpenMetrics => "5 # {trace=\"x\"} 1",
            _ => (random.Next(100_000) / 8.0).ToString(System.Globalization.CultureInfo.InvariantCulture),
        };
    }
}
