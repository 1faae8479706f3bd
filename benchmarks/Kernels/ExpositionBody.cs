using System.Globalization;
using System.Text;

namespace Narthex.Benchmarks;

/// <summary>A body like a node exporter's: about a thousand series with comments, whole and fractional values.</summary>
internal static class ExpositionBody
{
    public const int Series = 1000;

    /// <summary>The body of one scrape; values differ from round to round, series do not.</summary>
    public static byte[] Render(int round)
    {
        string[] modes = ["idle", "iowait", "irq", "nice", "softirq", "steal", "system", "user"];
        var text = new StringBuilder();
        for (int i = 0; i < Series; i++)
        {
            string name = $"node_family_{i / 40}_total";
            if (i % 40 == 0)
            {
                text.Append(CultureInfo.InvariantCulture, $"# HELP {name} A family of the benchmark, with a sentence about it.\n# TYPE {name} counter\n");
            }

            double value = i % 3 == 0 ? (i * 1000) + round : (i * 17.25) + (round * 0.01);
            text.Append(CultureInfo.InvariantCulture, $"{name}{{cpu=\"{i % 40 / 8}\",mode=\"{modes[i % 8]}\"}} {value:R}\n");
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }
}
