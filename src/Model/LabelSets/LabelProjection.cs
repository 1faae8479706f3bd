using System.Buffers;
using System.Text;

namespace Narthex.Model;

/// <summary>Picks some of the labels of a set: those with certain names, or all others. Immutable, for any number of threads.</summary>
public sealed class LabelProjection
{
    private readonly byte[][] _names;

    private LabelProjection(IEnumerable<byte[]> names, bool keepsNamed)
    {
        _names = [.. names];
        KeepsNamed = keepsNamed;
    }

    /// <summary>Whether the labels with the names stay; otherwise they go and the others stay.</summary>
    public bool KeepsNamed { get; }

    /// <summary>The names, in UTF-8.</summary>
    public ReadOnlySpan<byte[]> Names => _names;

    /// <summary>The labels with one of the names.</summary>
    public static LabelProjection Only(IEnumerable<string> names) => new(names.Select(Encoding.UTF8.GetBytes), keepsNamed: true);

    /// <summary>The labels with none of the names.</summary>
    public static LabelProjection Without(IEnumerable<string> names) => new(names.Select(Encoding.UTF8.GetBytes), keepsNamed: false);

    /// <summary>What this projection picks of what <paramref name="first"/> leaves.</summary>
    public LabelProjection After(LabelProjection first) => (KeepsNamed, first.KeepsNamed) switch
    {
        (true, _) => new LabelProjection(_names.Where(name => first.Keeps(name)), keepsNamed: true),
        (false, true) => new LabelProjection(first._names.Where(name => Keeps(name)), keepsNamed: true),
        _ => new LabelProjection(first._names.Concat(_names.Where(name => first.Keeps(name))), keepsNamed: false),
    };

    /// <summary>Whether a label with the name stays.</summary>
    public bool Keeps(ReadOnlySpan<byte> name)
    {
        foreach (byte[] named in _names)
        {
            if (name.SequenceEqual(named))
            {
                return KeepsNamed;
            }
        }

        return !KeepsNamed;
    }

    /// <summary>The labels of a set that stay. Allocates nothing if all do.</summary>
    public Labels Of(Labels labels)
    {
        ReadOnlySpan<byte> encoded = labels.Encoded;
        byte[]? rented = null;
        Span<byte> kept = encoded.Length <= 512 ? stackalloc byte[512] : rented = ArrayPool<byte>.Shared.Rent(encoded.Length);
        int length = 0;
        var walk = new LabelEnumerator(encoded);
        for (int start = 0; walk.MoveNext(); start = encoded.Length - walk.Remaining)
        {
            if (Keeps(walk.Current.Name))
            {
                ReadOnlySpan<byte> label = encoded[start..^walk.Remaining];
                label.CopyTo(kept[length..]);
                length += label.Length;
            }
        }

        Labels result = length == encoded.Length ? labels : Labels.FromEncoded(kept[..length]);
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }

        return result;
    }
}
