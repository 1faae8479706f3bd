using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;


namespace Narthex.Model;

/// <summary>Applies relabelling rules to a label set.</summary>
public static class Relabeler
{
    /// <summary>Applies the rules in order. False as soon as one drops the label set; the builder's content is then of no use.</summary>
    public static bool Apply(IReadOnlyList<RelabelConfig> rules, LabelsBuilder builder)
    {
        for (int i = 0; i < rules.Count; i++)
        {
            if (!Apply(rules[i], builder))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Applies one rule. False if it drops the label set.</summary>
    public static bool Apply(RelabelConfig rule, LabelsBuilder builder)
    {
        switch (rule.Action)
        {
            case RelabelAction.LabelMap:
                MapLabels(rule, builder);
                return true;
            case RelabelAction.LabelDrop:
                RemoveLabels(rule.Regex, builder, removeMatching: true);
                return true;
            case RelabelAction.LabelKeep:
                RemoveLabels(rule.Regex, builder, removeMatching: false);
                return true;
            default:
                var source = new SourceValue(stackalloc byte[512]);
                bool keep = ApplyToSource(rule, builder, source.Join(rule, builder));
                source.Dispose();
                return keep;
        }
    }

    private static bool ApplyToSource(RelabelConfig rule, LabelsBuilder builder, ReadOnlySpan<byte> source)
    {
        switch (rule.Action)
        {
            case RelabelAction.Keep:
                return rule.Regex.IsMatch(source);
            case RelabelAction.Drop:
                return !rule.Regex.IsMatch(source);
            case RelabelAction.KeepEqual:
                return builder.Get(rule.TargetLabelUtf8).SequenceEqual(source);
            case RelabelAction.DropEqual:
                return !builder.Get(rule.TargetLabelUtf8).SequenceEqual(source);
            case RelabelAction.HashMod:
                SetHash(rule, builder, source);
                return true;
            case RelabelAction.Lowercase:
                builder.Set(rule.TargetLabelUtf8, Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(source).ToLowerInvariant()));
                return true;
            case RelabelAction.Uppercase:
                builder.Set(rule.TargetLabelUtf8, Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(source).ToUpperInvariant()));
                return true;
            default:
                Replace(rule, builder, source);
                return true;
        }
    }

    private static void Replace(RelabelConfig rule, LabelsBuilder builder, ReadOnlySpan<byte> source)
    {
        if (rule.TargetIsLiteral && (rule.ReplacementIsLiteral || rule.ReplacementIsSource))
        {
            // The common forms need no groups: "set this text" and "copy the source".
            if (rule.Regex.IsMatch(source) && rule.NameValidation.IsValidLabelName(rule.TargetLabelUtf8))
            {
                builder.Set(rule.TargetLabelUtf8, rule.ReplacementIsLiteral ? rule.ReplacementUtf8 : source);
            }

            return;
        }

        byte[]? name = rule.TargetIsLiteral ? rule.TargetLabelUtf8 : rule.Regex.Expand(source, rule.TargetLabel);
        if (name is not null && rule.NameValidation.IsValidLabelName(name) && rule.Regex.Expand(source, rule.Replacement) is { } value)
        {
            builder.Set(name, value);
        }
    }

    // The last eight bytes of the MD5 sum, as upstream has always used them: shards must not move.
    private static void SetHash(RelabelConfig rule, LabelsBuilder builder, ReadOnlySpan<byte> source)
    {
        Span<byte> hash = stackalloc byte[MD5.HashSizeInBytes];
#pragma warning disable CA5351 // Not for security: the same shard as Prometheus.
        MD5.HashData(source, hash);
#pragma warning restore CA5351
        ulong shard = BinaryPrimitives.ReadUInt64BigEndian(hash[8..]) % rule.Modulus;
        Span<byte> digits = stackalloc byte[20];
        Utf8Formatter.TryFormat(shard, digits, out int length);
        builder.Set(rule.TargetLabelUtf8, digits[..length]);
    }

    // All names are mapped from the labels as they were before the rule, whatever the rule overwrites on its way.
    private static void MapLabels(RelabelConfig rule, LabelsBuilder builder)
    {
        foreach (LabelPair pair in builder.ToLabels())
        {
            if (rule.Regex.Expand(pair.Name, rule.Replacement) is { } name)
            {
                builder.Set(name, pair.Value);
            }
        }
    }

    private static void RemoveLabels(RelabelRegex regex, LabelsBuilder builder, bool removeMatching)
    {
        for (int i = builder.Count - 1; i >= 0; i--)
        {
            if (regex.IsMatch(builder.NameAt(i)) == removeMatching)
            {
                builder.RemoveAt(i);
            }
        }
    }
}
