using System.Text;

namespace Narthex.Model;

/// <summary>An immutable label set: names and values in UTF-8, sorted by name, without empty values.</summary>
/// <remarks>
/// One byte array holds everything: for each label the length of the name (LEB128), the name, the length of
/// the value, the value. So a label set costs one object, hashes and compares as bytes, and is written to JSON
/// without transcoding. Names and values order by their UTF-8 bytes, as upstream orders them.
/// Make one with <see cref="LabelsBuilder"/> or <see cref="FromStrings"/>.
/// </remarks>
public readonly struct Labels : IEquatable<Labels>, IComparable<Labels>
{
    private readonly byte[]? _encoded;

    internal Labels(byte[] encoded) => _encoded = encoded;

    /// <summary>The label set without labels.</summary>
    public static Labels Empty => default;

    /// <summary>The encoded form described in the remarks. Valid as long as the label set.</summary>
    public ReadOnlySpan<byte> Encoded => _encoded;

    /// <summary>Whether there is no label.</summary>
    public bool IsEmpty => _encoded is null || _encoded.Length == 0;

    /// <summary>The number of labels. Linear in the size of the set.</summary>
    public int Count
    {
        get
        {
            int count = 0;
            foreach (LabelPair _ in this)
            {
                count++;
            }

            return count;
        }
    }

    /// <summary>The metric name, that is the value of <c>__name__</c>; empty if there is none.</summary>
    public string MetricName => GetValueOrEmpty(LabelNames.MetricNameUtf8) is var name && name.IsEmpty ? "" : Encoding.UTF8.GetString(name);

    /// <summary>Builds a label set from alternating names and values, in any order.</summary>
    public static Labels FromStrings(params ReadOnlySpan<string> namesAndValues)
    {
        if (namesAndValues.Length % 2 != 0)
        {
            throw new ArgumentException("Names and values must come in pairs.", nameof(namesAndValues));
        }

        var builder = new LabelsBuilder();
        for (int i = 0; i < namesAndValues.Length; i += 2)
        {
            builder.Set(namesAndValues[i], namesAndValues[i + 1]);
        }

        return builder.ToLabels();
    }

    /// <summary>Wraps bytes in the encoded form. They are copied, not checked: only for bytes from <see cref="Encoded"/>.</summary>
    public static Labels FromEncoded(ReadOnlySpan<byte> encoded) => encoded.IsEmpty ? default : new Labels(encoded.ToArray());

    /// <summary>Walks the labels in order of their names.</summary>
    public LabelEnumerator GetEnumerator() => new(_encoded);

    /// <summary>Whether a label of that name is there, and its value.</summary>
    public bool TryGetValue(ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        foreach (LabelPair pair in this)
        {
            if (pair.Name.SequenceEqual(name))
            {
                value = pair.Value;
                return true;
            }
        }

        value = default;
        return false;
    }

    /// <summary>The value of the label, empty if it is not there (PromQL does not tell the two apart).</summary>
    public ReadOnlySpan<byte> GetValueOrEmpty(ReadOnlySpan<byte> name)
    {
        TryGetValue(name, out ReadOnlySpan<byte> value);
        return value;
    }

    /// <summary>The value of the label as a string, empty if it is not there. For edges and tests.</summary>
    public string this[string name] => Encoding.UTF8.GetString(GetValueOrEmpty(Encoding.UTF8.GetBytes(name)));

    /// <summary>Whether a label of that name is there.</summary>
    public bool Contains(ReadOnlySpan<byte> name) => TryGetValue(name, out _);

    /// <summary>A stable 64-bit hash of the whole set.</summary>
    public ulong GetStableHash() => XxHash64.Hash(_encoded);

    /// <inheritdoc/>
    public bool Equals(Labels other) => Encoded.SequenceEqual(other.Encoded);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Labels other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => (int)GetStableHash();

    /// <summary>Orders label by label: first by name, then by value; a prefix comes first.</summary>
    public int CompareTo(Labels other) => CompareEncoded(Encoded, other.Encoded);

    /// <summary>Orders two label sets in the encoded form as <see cref="CompareTo"/> does.</summary>
    public static int CompareEncoded(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        int same = left.CommonPrefixLength(right);
        if (same == left.Length || same == right.Length)
        {
            return left.Length.CompareTo(right.Length);
        }

        // Names and values before the byte in which they part are equal, lengths included: only the string around it is looked at.
        ReadOnlySpan<byte> leftText = LabelEnumerator.ReadString(left, out int length);
        while (same >= length)
        {
            left = left[length..];
            right = right[length..];
            same -= length;
            leftText = LabelEnumerator.ReadString(left, out length);
        }

        return leftText.SequenceCompareTo(LabelEnumerator.ReadString(right, out _));
    }

    /// <summary>The labels as name/value strings, in order. For edges and tests.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> ToPairs()
    {
        var pairs = new List<KeyValuePair<string, string>>();
        foreach (LabelPair pair in this)
        {
            pairs.Add(new(Encoding.UTF8.GetString(pair.Name), Encoding.UTF8.GetString(pair.Value)));
        }

        return pairs;
    }

    /// <summary>The set in selector notation, <c>{a="1", b="2"}</c>, with the metric name among the labels.</summary>
    public override string ToString()
    {
        var text = new StringBuilder("{");
        foreach (KeyValuePair<string, string> pair in ToPairs())
        {
            text.Append(text.Length > 1 ? ", " : "");
            text.Append(LabelNames.IsValidLegacy(pair.Key) ? pair.Key : GoQuote.Quote(pair.Key));
            text.Append('=').Append(GoQuote.Quote(pair.Value));
        }

        return text.Append('}').ToString();
    }

    /// <summary>Equal bytes.</summary>
    public static bool operator ==(Labels left, Labels right) => left.Equals(right);

    /// <summary>Different bytes.</summary>
    public static bool operator !=(Labels left, Labels right) => !left.Equals(right);

    /// <summary>Order as <see cref="CompareTo"/>.</summary>
    public static bool operator <(Labels left, Labels right) => left.CompareTo(right) < 0;

    /// <summary>Order as <see cref="CompareTo"/>.</summary>
    public static bool operator >(Labels left, Labels right) => left.CompareTo(right) > 0;

    /// <summary>Order as <see cref="CompareTo"/>.</summary>
    public static bool operator <=(Labels left, Labels right) => left.CompareTo(right) <= 0;

    /// <summary>Order as <see cref="CompareTo"/>.</summary>
    public static bool operator >=(Labels left, Labels right) => left.CompareTo(right) >= 0;
}
