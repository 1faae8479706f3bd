using System.Collections;
using System.Text;
using Narthex.Templating.Text;

namespace Narthex.Templating.Functions;

/// <summary>The functions that every template has, except <c>and</c> and <c>or</c>, which do not evaluate all their arguments.</summary>
internal static class Builtins
{
    private static readonly TemplateParameter s_any = TemplateParameter.Any;

    public static IReadOnlyDictionary<string, TemplateFunction> All { get; } = new Dictionary<string, TemplateFunction>(StringComparer.Ordinal)
    {
        ["not"] = new(a => !TemplateValues.IsTrue(a[0]), s_any),
        ["len"] = new(a => Length(a[0]), s_any),
        ["index"] = new(a => Index(a[0], a[1..]), s_any, s_any) { IsVariadic = true },
        ["slice"] = new(a => Slice(a[0], a[1..]), s_any, s_any) { IsVariadic = true },
        ["print"] = new(GoFormatter.PrintAll, s_any) { IsVariadic = true },
        ["println"] = new(a => string.Join(' ', a.Select(GoFormatter.Print)) + "\n", s_any) { IsVariadic = true },
        ["printf"] = new(a => GoFormatter.Format((string)a[0]!, a[1..]), TemplateParameter.String, s_any) { IsVariadic = true },
        ["html"] = new(a => Html.HtmlEscaping.Text(Join(a)), s_any) { IsVariadic = true },
        ["js"] = new(a => Html.ScriptEscaping.Text(Join(a)), s_any) { IsVariadic = true },
        ["urlquery"] = new(a => GoUrl.QueryEscape(Join(a)), s_any) { IsVariadic = true },
        ["call"] = new(a => Call(a[0], a[1..]), s_any, s_any) { IsVariadic = true },
        ["eq"] = new(a => Comparison.EqualsAny(a[0], a[1..]), s_any, s_any) { IsVariadic = true },
        ["ne"] = new(a => !Comparison.EqualsAny(a[0], [a[1]]), s_any, s_any),
        ["lt"] = new(a => Comparison.Less(a[0], a[1]), s_any, s_any),
        ["le"] = new(a => Comparison.LessOrEqual(a[0], a[1]), s_any, s_any),
        ["gt"] = new(a => !Comparison.LessOrEqual(a[0], a[1]), s_any, s_any),
        ["ge"] = new(a => !Comparison.Less(a[0], a[1]), s_any, s_any),
    };

    private static string Join(object?[] values) => values is [string text] ? text : GoFormatter.PrintAll(values);

    private static long Length(object? value) => value switch
    {
        null => throw new TemplateException("len of nil pointer"),
        string text => Encoding.UTF8.GetByteCount(text),
        IReadOnlyDictionary<string, string> map => map.Count,
        IReadOnlyDictionary<string, object?> map => map.Count,
        ICollection collection => collection.Count,
        _ => throw new TemplateException($"len of type {TemplateValues.TypeName(value)}"),
    };

    private static object? Index(object? value, object?[] indexes)
    {
        if (value is null)
        {
            throw new TemplateException("index of untyped nil");
        }

        foreach (object? index in indexes)
        {
            value = Index(value, index);
        }

        return value;
    }

    private static object? Index(object? value, object? index)
    {
        switch (value)
        {
            case null:
                throw new TemplateException("index of nil pointer");
            case string text:
                byte[] bytes = Encoding.UTF8.GetBytes(text);
                return (long)bytes[Position(index, bytes.Length - 1)];
            case IList list:
                return list[Position(index, list.Count - 1)];
        }

        if (index is not string key)
        {
            throw TemplateValues.MapEntries(value) is null
                ? new TemplateException($"can't index item of type {TemplateValues.TypeName(value)}")
                : new TemplateException(index is null ? "value is nil; should be of type string" : $"value has type {TemplateValues.TypeName(index)}; should be string");
        }

        return TemplateValues.TryLookUp(value, key, out bool found, out object? result, out object? zero)
            ? found ? result : zero
            : throw new TemplateException($"can't index item of type {TemplateValues.TypeName(value)}");
    }

    private static object Slice(object? value, object?[] bounds)
    {
        if (bounds.Length > 3)
        {
            throw new TemplateException($"too many slice indexes: {bounds.Length}");
        }

        switch (value)
        {
            case null:
                throw new TemplateException("slice of untyped nil");
            case string when bounds.Length == 3:
                throw new TemplateException("cannot 3-index slice a string");
            case string text:
                byte[] bytes = Encoding.UTF8.GetBytes(text);
                (int from, int to) = Bounds(bounds, bytes.Length);
                return Encoding.UTF8.GetString(bytes, from, to - from);
            case IList list:
                (from, to) = Bounds(bounds, list.Count);
                return list.Cast<object?>().Skip(from).Take(to - from).ToList();
            default:
                throw new TemplateException($"can't slice item of type {TemplateValues.TypeName(value)}");
        }
    }

    private static (int From, int To) Bounds(object?[] bounds, int length)
    {
        int from = bounds.Length > 0 ? Position(bounds[0], length) : 0;
        int to = bounds.Length > 1 ? Position(bounds[1], length) : length;
        return from <= to ? (from, to) : throw new TemplateException($"invalid slice index: {from} > {to}");
    }

    private static int Position(object? index, int last) => index switch
    {
        null => throw new TemplateException("cannot index slice/array with nil"),
        long number when number >= 0 && number <= last => (int)number,
        long number => throw new TemplateException($"index out of range: {number}"),
        ulong number when number <= (ulong)Math.Max(last, 0) => (int)number,
        _ => throw new TemplateException($"cannot index slice/array with type {TemplateValues.TypeName(index)}"),
    };

    private static object? Call(object? function, object?[] arguments) => function switch
    {
        TemplateFunction callable => callable.Body(arguments),
        null => throw new TemplateException("call of nil"),
        _ => throw new TemplateException($"non-function {GoFormatter.Print(function)} of type {TemplateValues.TypeName(function)}"),
    };
}
