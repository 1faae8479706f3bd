using System.Collections;
using System.Globalization;

namespace Narthex.Templating;

/// <summary>An object with fields and methods that templates can use.</summary>
public interface ITemplateObject
{
    /// <summary>The name of its type in error messages.</summary>
    string TypeName { get; }

    /// <summary>A field's value, or a method as a <see cref="TemplateFunction"/>. False if there is no such member.</summary>
    bool TryGetMember(string name, out object? value);

    /// <summary>As <c>printf "%v"</c> prints it.</summary>
    string Print();
}

/// <summary>A list that has a type of its own.</summary>
internal interface ITemplateList : IList
{
    /// <summary>The name of its type in error messages.</summary>
    string TypeName { get; }
}

/// <summary>Text that is HTML already, and is not escaped.</summary>
/// <param name="Text">The text.</param>
public sealed record SafeHtml(string Text);

/// <summary>Text that is a URL already: it is brought into form, and not escaped.</summary>
/// <param name="Text">The text.</param>
public sealed record SafeUrl(string Text);

/// <summary>What templates compute with: which C# types stand for which of the language's.</summary>
/// <remarks>
/// <c>null</c> is nil; <see cref="bool"/>, <see cref="long"/> (int), <see cref="ulong"/> (uint64), <see cref="double"/> and <see cref="string"/> are
/// themselves; an <see cref="IList"/> is a slice; dictionaries from strings are maps; <see cref="ITemplateObject"/> is everything with members.
/// </remarks>
internal static class TemplateValues
{
    /// <summary>Stands for no value at all: a field of nothing, a key that a map of anything does not have.</summary>
    public static readonly object None = new NoValue();

    public static bool IsNone(object? value) => ReferenceEquals(value, None);

    /// <summary>Whether <c>if</c> takes it for true: it is not the zero of its type, and not empty.</summary>
    public static bool IsTrue(object? value) => value switch
    {
        null or NoValue => false,
        bool flag => flag,
        long number => number != 0,
        ulong number => number != 0,
        double number => number != 0,
        string text => text.Length > 0,
        SafeHtml html => html.Text.Length > 0,
        SafeUrl url => url.Text.Length > 0,
        ICollection collection => collection.Count > 0,
        IReadOnlyDictionary<string, string> map => map.Count > 0,
        IReadOnlyDictionary<string, object?> map => map.Count > 0,
        _ => true,
    };

    public static string TypeName(object? value) => value switch
    {
        null or NoValue => "<nil>",
        bool => "bool",
        long => "int",
        ulong => "uint64",
        double => "float64",
        string => "string",
        SafeHtml => "template.HTML",
        SafeUrl => "template.URL",
        ITemplateList list => list.TypeName,
        ITemplateObject item => item.TypeName,
        IReadOnlyDictionary<string, string> => "map[string]string",
        IReadOnlyDictionary<string, object?> => "map[string]interface {}",
        IReadOnlyList<string> => "[]string",
        IReadOnlyList<double> => "[]float64",
        IReadOnlyList<long> => "[]int",
        IList => "[]interface {}",
        TemplateFunction => "func",
        _ => value.GetType().Name,
    };

    /// <summary>The entries of a map, sorted by key. Null if it is no map.</summary>
    public static IReadOnlyList<KeyValuePair<string, object?>>? MapEntries(object? value) => value switch
    {
        IReadOnlyDictionary<string, string> map => [.. map.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => KeyValuePair.Create(entry.Key, (object?)entry.Value))],
        IReadOnlyDictionary<string, object?> map => [.. map.OrderBy(entry => entry.Key, StringComparer.Ordinal)],
        _ => null,
    };

    /// <summary>Looks a key up in a map. False if the value is no map.</summary>
    public static bool TryLookUp(object? value, string key, out bool found, out object? result, out object? zero)
    {
        (found, result, zero) = (false, null, None);
        switch (value)
        {
            case IReadOnlyDictionary<string, string> map:
                found = map.TryGetValue(key, out string? text);
                (result, zero) = (text, "");
                return true;
            case IReadOnlyDictionary<string, object?> map:
                found = map.TryGetValue(key, out result);
                return true;
            default:
                return false;
        }
    }

    /// <summary>A number for those functions that take any kind of it, and text that says one.</summary>
    /// <exception cref="TemplateException">It is neither.</exception>
    public static double ToFloat(object? value) => value switch
    {
        double number => number,
        long number => number,
        ulong number => number,
        string text => ParseFloat(text),
        ITemplateObject { TypeName: "time.Duration" } duration when duration.TryGetMember("Seconds", out object? seconds) && seconds is TemplateFunction function =>
            (double)function.Body([])!,
        _ => throw new TemplateException($"can't convert {TypeName(value)} to float"),
    };

    private static double ParseFloat(string text)
    {
        if (Text.GoFloat.TryParse(text, out double value))
        {
            return value;
        }

        throw new TemplateException(string.Create(CultureInfo.InvariantCulture, $"strconv.ParseFloat: parsing {Model.GoQuote.Quote(text)}: invalid syntax"));
    }

    private sealed class NoValue
    {
        public override string ToString() => "<no value>";
    }
}
