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

    /// <summary>Reads up to <paramref name="count"/> samples bit by bit. Fewer come back if the chunk is damaged behind them.</summary>
    public static List<(long T, double V)> Decode(ReadOnlySpan<byte> chunk, int count)
    {
        string bits = string.Concat(chunk.ToArray().Select(b => Bits(b, 8)));
        int position = 16;
        var samples = new List<(long, double)>();
        long t = 0;
        long delta = 0;
        ulong v = 0;
        int leading = 0;
        int trailing = 0;
        while (samples.Count < count)
        {
            if (samples.Count == 0)
            {
                if (!TryUvarint(bits, ref position, out ulong zigzag) || !TryTake(bits, ref position, 64, out v))
                {
                    return samples;
                }

                t = (long)(zigzag >> 1) ^ -(long)(zigzag & 1);
                samples.Add((t, BitConverter.UInt64BitsToDouble(v)));
                continue;
            }

            if (samples.Count == 1)
            {
                if (!TryUvarint(bits, ref position, out ulong first))
                {
                    return samples;
                }

                delta = (long)first;
            }
            else
            {
                int ones = 0;
                ulong bit = 1;
                while (ones < 4 && bit == 1)
                {
                    if (!TryTake(bits, ref position, 1, out bit))
                    {
                        return samples;
                    }

                    ones += (int)bit;
                }

                int size = ones switch { 0 => 0, 1 => 14, 2 => 17, 3 => 20, _ => 64 };
                if (!TryTake(bits, ref position, size, out ulong change))
                {
                    return samples;
                }

                bool isNegative = size is > 0 and < 64 && change > 1UL << (size - 1);
                delta = unchecked(delta + (long)(isNegative ? change - (1UL << size) : change));
            }

            if (!TryTake(bits, ref position, 1, out ulong differs))
            {
                return samples;
            }

            if (differs == 1)
            {
                if (!TryTake(bits, ref position, 1, out ulong opens))
                {
                    return samples;
                }

                if (opens == 1)
                {
                    if (!TryTake(bits, ref position, 5, out ulong before) || !TryTake(bits, ref position, 6, out ulong significant))
                    {
                        return samples;
                    }

                    leading = (int)before;
                    trailing = 64 - leading - (significant == 0 ? 64 : (int)significant);
                    if (trailing < 0)
                    {
                        return samples;
                    }
                }

                if (!TryTake(bits, ref position, 64 - leading - trailing, out ulong xor))
                {
                    return samples;
                }

                v ^= xor << trailing;
            }

            t = unchecked(t + delta);
            samples.Add((t, BitConverter.UInt64BitsToDouble(v)));
        }

        return samples;
    }

    private static bool TryTake(string bits, ref int position, int count, out ulong value)
    {
        value = 0;
        if (count > bits.Length - position)
        {
            return false;
        }

        foreach (char bit in bits.AsSpan(position, count))
        {
            value = (value << 1) | (bit == '1' ? 1UL : 0);
        }

        position += count;
        return true;
    }

    private static bool TryUvarint(string bits, ref int position, out ulong value)
    {
        value = 0;
        for (int shift = 0; shift < 70; shift += 7)
        {
            if (!TryTake(bits, ref position, 8, out ulong next) || (shift == 63 && next > 1))
            {
                return false;
            }

            value |= (next & 127) << shift;
            if (next < 128)
            {
                return true;
            }
        }

        return false;
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
