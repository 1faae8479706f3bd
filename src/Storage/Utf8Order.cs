namespace Narthex.Storage;

/// <summary>Compares strings as their UTF-8 bytes compare. Ordinal comparison differs for characters beyond 16 bits.</summary>
public static class Utf8Order
{
    /// <summary>Less than, equal to or greater than zero, as usual.</summary>
    public static int Compare(string left, string right)
    {
        int shared = left.AsSpan().CommonPrefixLength(right);
        if (shared == left.Length || shared == right.Length)
        {
            return left.Length.CompareTo(right.Length);
        }

        char a = left[shared];
        char b = right[shared];

        // Surrogates stand for characters behind all others but sort in front of U+E000 and above.
        return char.IsSurrogate(a) == char.IsSurrogate(b) ? a.CompareTo(b) : char.IsSurrogate(a) ? 1 : -1;
    }
}
