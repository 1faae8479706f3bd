namespace Narthex.Templating.Functions;

/// <summary>Comparisons: only between values of one kind; whole numbers with and without sign are one.</summary>
internal static class Comparison
{
    private enum Kind : byte
    {
        Nil,
        Bool,
        Whole,
        Float,
        String,
        Other,
    }

    /// <summary>Whether the first equals any of the others.</summary>
    public static bool EqualsAny(object? first, object?[] others)
    {
        if (others.Length == 0)
        {
            throw new TemplateException("missing argument for comparison");
        }

        Kind kind = KindOf(first);
        if (kind == Kind.Other)
        {
            throw new TemplateException($"non-comparable type {Text.GoFormatter.Print(first)}: {TemplateValues.TypeName(first)}");
        }

        foreach (object? other in others)
        {
            Kind otherKind = KindOf(other);
            if (otherKind != kind)
            {
                if (kind != Kind.Nil && otherKind != Kind.Nil)
                {
                    throw Incompatible(first, other);
                }
            }
            else if (kind == Kind.Whole ? ToWhole(first) == ToWhole(other) : kind == Kind.Float ? (double)first! == (double)other! : Equals(first, other))
            {
                return true;
            }
        }

        return false;
    }

    public static bool Less(object? left, object? right) => Compare(left, right, (l, r) => l < r, order => order < 0);

    public static bool LessOrEqual(object? left, object? right) => Compare(left, right, (l, r) => l <= r, order => order <= 0);

    private static bool Compare(object? left, object? right, Func<double, double, bool> floats, Func<int, bool> orders)
    {
        Kind kind = KindOf(left);
        Kind other = KindOf(right);
        if (kind is Kind.Other or Kind.Nil or Kind.Bool || other is Kind.Other or Kind.Nil)
        {
            throw new TemplateException("invalid type for comparison");
        }

        if (kind != other)
        {
            throw Incompatible(left, right);
        }

        return kind switch
        {
            Kind.Float => floats((double)left!, (double)right!),
            Kind.Whole => orders(ToWhole(left).CompareTo(ToWhole(right))),
            _ => orders(CompareText(left!, right!)),
        };
    }

    private static TemplateException Incompatible(object? left, object? right) =>
        new($"incompatible types for comparison: {TemplateValues.TypeName(left)} and {TemplateValues.TypeName(right)}");

    private static int CompareText(object left, object right) =>
        System.Text.Encoding.UTF8.GetBytes((string)left).AsSpan().SequenceCompareTo(System.Text.Encoding.UTF8.GetBytes((string)right));

    private static Int128 ToWhole(object? value) => value is ulong number ? number : (long)value!;

    private static Kind KindOf(object? value) => value switch
    {
        null => Kind.Nil,
        bool => Kind.Bool,
        long or ulong => Kind.Whole,
        double => Kind.Float,
        string => Kind.String,
        _ => Kind.Other,
    };
}
