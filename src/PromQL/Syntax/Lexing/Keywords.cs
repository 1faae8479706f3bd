using System.Collections.Frozen;

namespace Narthex.PromQL.Syntax.Lexing;

/// <summary>The words with a meaning; upper and lower case are the same.</summary>
internal static class Keywords
{
    private static readonly FrozenDictionary<string, TokenKind> s_kinds = new Dictionary<string, TokenKind>
    {
        ["and"] = TokenKind.Land,
        ["or"] = TokenKind.Lor,
        ["unless"] = TokenKind.Lunless,
        ["atan2"] = TokenKind.Atan2,
        ["sum"] = TokenKind.Sum,
        ["avg"] = TokenKind.Avg,
        ["count"] = TokenKind.Count,
        ["min"] = TokenKind.Min,
        ["max"] = TokenKind.Max,
        ["group"] = TokenKind.Group,
        ["stddev"] = TokenKind.Stddev,
        ["stdvar"] = TokenKind.Stdvar,
        ["topk"] = TokenKind.Topk,
        ["bottomk"] = TokenKind.Bottomk,
        ["count_values"] = TokenKind.CountValues,
        ["quantile"] = TokenKind.Quantile,
        ["limitk"] = TokenKind.Limitk,
        ["limit_ratio"] = TokenKind.LimitRatio,
        ["bool"] = TokenKind.Bool,
        ["by"] = TokenKind.By,
        ["group_left"] = TokenKind.GroupLeft,
        ["group_right"] = TokenKind.GroupRight,
        ["fill"] = TokenKind.Fill,
        ["fill_left"] = TokenKind.FillLeft,
        ["fill_right"] = TokenKind.FillRight,
        ["ignoring"] = TokenKind.Ignoring,
        ["offset"] = TokenKind.Offset,
        ["on"] = TokenKind.On,
        ["without"] = TokenKind.Without,
        ["anchored"] = TokenKind.Anchored,
        ["smoothed"] = TokenKind.Smoothed,
        ["start"] = TokenKind.Start,
        ["end"] = TokenKind.End,
        ["step"] = TokenKind.Step,
        ["range"] = TokenKind.Range,
        ["inf"] = TokenKind.Number,
        ["nan"] = TokenKind.Number,
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    public static TokenKind? Find(string word) => s_kinds.TryGetValue(word, out TokenKind kind) ? kind : null;
}
