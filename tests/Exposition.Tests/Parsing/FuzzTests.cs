using System.Text;

namespace Narthex.Exposition.Tests;

/// <summary>Mutated bodies: a parser ends, with or without an error of its own kind, and the hinted path agrees with the plain one.</summary>
public class FuzzTests
{
    private static readonly byte[] s_seedBody = Encoding.UTF8.GetBytes("""
        # HELP a_total Help \\ text
        # TYPE a_total counter
        # UNIT b_seconds seconds
        a_total{b="c",d="e\"\\\n"} 12 1500
        {"quoted.name",x="y"} 1.5e-3
        b_seconds_bucket{le="+Inf"} 4 12.5 # {trace="x"} 2 3
        plain -Inf
        # comment
        # EOF

        """.ReplaceLineEndings("\n"));

    [Fact]
    public void Text_parser_survives_anything() => Fuzz(91, Parse.Text);

    [Fact]
    public void OpenMetrics_parser_survives_anything() => Fuzz(92, Parse.OpenMetrics);

    [Fact]
    public void Hints_never_change_what_is_read()
    {
        const int Seed = 93;
        var random = new Random(Seed);
        for (int i = 0; i < 30_000; i++)
        {
            byte[] body = Mutate(random);
            (string plain, var identities) = ReadPlain(body);
            string hinted = ReadHinted(body, identities);
            Assert.True(plain == hinted, $"seed {Seed}, round {i}: {Convert.ToBase64String(body)}\n{plain}\n{hinted}");
        }
    }

    private static void Fuzz(int seed, Func<byte[], List<string>> parse)
    {
        var random = new Random(seed);
        for (int i = 0; i < 60_000; i++)
        {
            byte[] body = Mutate(random);
            try
            {
                parse(body);
            }
            catch (ExpositionException)
            {
                // Refused: fine.
            }
            catch (Exception e)
            {
                Assert.Fail($"seed {seed}, round {i}: {Convert.ToBase64String(body)}\n{e}");
            }
        }
    }

    private static byte[] Mutate(Random random)
    {
        var body = new List<byte>(s_seedBody);
        const string Interesting = "\"\\{}=,# \t\n\0a1.e-+_\u00ff";
        for (int edits = random.Next(1, 6); edits > 0; edits--)
        {
            int at = random.Next(body.Count);
            byte value = (byte)Interesting[random.Next(Interesting.Length)];
            switch (random.Next(4))
            {
                case 0:
                    body[at] = value;
                    break;
                case 1:
                    body.Insert(at, value);
                    break;
                case 2:
                    body.RemoveRange(at, Math.Min(random.Next(1, 20), body.Count - at - 1));
                    break;
                default:
                    body.InsertRange(at, body.GetRange(random.Next(body.Count / 2), random.Next(body.Count / 2)));
                    break;
            }
        }

        return [.. body];
    }

    private static (string Text, List<(int Length, ulong Hash)> Identities) ReadPlain(byte[] body)
    {
        var text = new StringBuilder();
        var identities = new List<(int, ulong)>();
        var parser = new PrometheusTextParser(body);
        try
        {
            for (EntryKind kind; (kind = parser.Next()) != EntryKind.End;)
            {
                if (kind == EntryKind.Series)
                {
                    parser.ParseLabels(null);
                    identities.Add((parser.Identity.Length, SeriesIdentity.Hash(parser.Identity)));
                    Append(text, ref parser);
                }
            }
        }
        catch (ExpositionException e)
        {
            text.Append(e.Message);
        }

        return (text.ToString(), identities);
    }

    private static string ReadHinted(byte[] body, List<(int Length, ulong Hash)> identities)
    {
        var text = new StringBuilder();
        var parser = new PrometheusTextParser(body);
        int next = 0;
        try
        {
            while (true)
            {
                if (next < identities.Count && parser.TryNextKnownSeries(identities[next].Length, identities[next].Hash))
                {
                    next++;
                    Append(text, ref parser);
                    continue;
                }

                EntryKind kind = parser.Next();
                if (kind == EntryKind.End)
                {
                    return text.ToString();
                }

                if (kind == EntryKind.Series)
                {
                    parser.ParseLabels(null);
                    next++;
                    Append(text, ref parser);
                }
            }
        }
        catch (ExpositionException e)
        {
            return text.Append(e.Message).ToString();
        }
    }

    private static void Append(StringBuilder text, ref PrometheusTextParser parser) =>
        text.Append(Encoding.Latin1.GetString(parser.Identity)).Append('=').Append(parser.Value)
            .Append('@').Append(parser.HasTimestamp ? parser.TimestampMs : -1).Append('\n');
}
