using System.Text;

namespace Narthex.Tsdb.Tests.Chunks;

/// <summary>The XOR encoding written down as plainly as possible, bit by bit in a string: the oracle for the fast one.</summary>
internal static class SlowXorChunk
{
    public static byte[] Encode(IReadOnlyList<(long T, double V)> samples)
    {
        var bits = new StringBuilder();
        bits.Append(Bits((ulong)samples.Count, 16));
        (long t, long delta, ulong v) last = default;
        int leading = -1;
        int trailing = -1;
        for (int i = 0; i < samples.Count; i++)
        {
            long t = samples[i].T;
            ulong v = BitConverter.DoubleToUInt64Bits(samples[i].V);
            long delta = 0;
            if (i == 0)
            {
                Uvarint(bits, ((ulong)t << 1) ^ (ulong)(t >> 63));
                bits.Append(Bits(v, 64));
            }
            else
            {
                delta = unchecked(t - last.t);
                if (i == 1)
                {
                    Uvarint(bits, (ulong)delta);
                }
                else
                {
                    Int128 change = unchecked(delta - last.delta);
                    bits.Append(change switch
                    {
                        _ when change == 0 => "0",
                        _ when change >= -8191 && change <= 8192 => "10" + Bits((ulong)change, 14),
                        _ when change >= -65535 && change <= 65536 => "110" + Bits((ulong)change, 17),
                        _ when change >= -524287 && change <= 524288 => "1110" + Bits((ulong)change, 20),
                        _ => "1111" + Bits((ulong)(long)change, 64),
                    });
                }

                string xor = Bits(v ^ last.v, 64);
                if (!xor.Contains('1'))
                {
                    bits.Append('0');
                }
                else
                {
                    int zerosBefore = Math.Min(31, xor.IndexOf('1'));
                    int zerosBehind = 63 - xor.LastIndexOf('1');
                    if (leading >= 0 && zerosBefore >= leading && zerosBehind >= trailing)
                    {
                        bits.Append("10").Append(xor, leading, 64 - leading - trailing);
                    }
                    else
                    {
                        (leading, trailing) = (zerosBefore, zerosBehind);
                        int significant = 64 - leading - trailing;
                        bits.Append("11").Append(Bits((ulong)leading, 5)).Append(Bits((ulong)significant, 6)).Append(xor, leading, significant);
                    }
                }
            }

            last = (t, delta, v);
        }

        while (bits.Length % 8 != 0)
        {
            bits.Append('0');
        }

        return [.. Enumerable.Range(0, bits.Length / 8).Select(i => Convert.ToByte(bits.ToString(i * 8, 8), 2))];
    }

    private static string Bits(ulong value, int count)
    {
        var text = new StringBuilder();
        for (int i = count - 1; i >= 0; i--)
        {
            text.Append((value >> i & 1) == 1 ? '1' : '0');
        }

        return text.ToString();
    }

    private static void Uvarint(StringBuilder bits, ulong value)
    {
        for (; value >= 128; value /= 128)
        {
            bits.Append(Bits(128 + (value % 128), 8));
        }

        bits.Append(Bits(value, 8));
    }
}
