using System.Buffers;

namespace Narthex.Exposition;

/// <summary>Reads the media type of a header <c>Content-Type</c> as strictly as upstream, and says in the same words what is wrong with it.</summary>
internal ref struct MediaTypeText
{
    private static readonly SearchValues<char> s_token =
        SearchValues.Create("!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz{|}~");

    private ReadOnlySpan<char> _rest;

    /// <summary>Finds the media type, in lower case. False, with the problem, if the header is malformed anywhere.</summary>
    public static bool TryRead(string header, out string mediaType, out string problem)
    {
        int end = header.IndexOf(';', StringComparison.Ordinal);
        mediaType = header[..(end < 0 ? header.Length : end)].Trim().ToLowerInvariant();
        var reader = new MediaTypeText { _rest = mediaType };
        problem = reader.ReadType() ?? "";
        if (problem.Length == 0 && end >= 0)
        {
            reader._rest = header.AsSpan(end);
            problem = reader.ReadParameters() ?? "";
        }

        return problem.Length == 0;
    }

    private string? ReadType()
    {
        if (TakeToken().IsEmpty)
        {
            return "mime: no media type";
        }

        if (_rest.IsEmpty)
        {
            return null; // Without a subtype: odd, but allowed.
        }

        if (_rest[0] != '/')
        {
            return "mime: expected slash after first token";
        }

        _rest = _rest[1..];
        return TakeToken().IsEmpty ? "mime: expected token after slash" : _rest.IsEmpty ? null : "mime: unexpected content after media subtype";
    }

    private string? ReadParameters()
    {
        var known = new Dictionary<string, string>(StringComparer.Ordinal);
        for (_rest = _rest.TrimStart(); !_rest.IsEmpty; _rest = _rest.TrimStart())
        {
            if (_rest.TrimEnd() is ";")
            {
                return null;
            }

            if (!TryTakeParameter(out string name, out string value))
            {
                return "mime: invalid media parameter";
            }

            if (!known.TryAdd(name, value) && known[name] != value)
            {
                return "mime: duplicate parameter name";
            }
        }

        return null;
    }

    private bool TryTakeParameter(out string name, out string value)
    {
        (name, value) = ("", "");
        if (_rest[0] != ';')
        {
            return false;
        }

        _rest = _rest[1..].TrimStart();
        name = TakeToken().ToString().ToLowerInvariant();
        _rest = _rest.TrimStart();
        if (name.Length == 0 || _rest.IsEmpty || _rest[0] != '=')
        {
            return false;
        }

        _rest = _rest[1..].TrimStart();
        if (_rest.StartsWith('"'))
        {
            return TryTakeQuoted(out value);
        }

        value = TakeToken().ToString();
        return value.Length > 0;
    }

    private bool TryTakeQuoted(out string value)
    {
        var text = new System.Text.StringBuilder();
        for (int i = 1; i < _rest.Length; i++)
        {
            char c = _rest[i];
            if (c == '"')
            {
                _rest = _rest[(i + 1)..];
                value = text.ToString();
                return true;
            }

            if (c is '\r' or '\n')
            {
                break;
            }

            // A backslash quotes special characters only: some clients send paths of Windows.
            bool isQuote = c == '\\' && i + 1 < _rest.Length && "()<>@,;:\\\"/[]?=".Contains(_rest[i + 1], StringComparison.Ordinal);
            text.Append(isQuote ? _rest[++i] : c);
        }

        value = "";
        return false;
    }

    private ReadOnlySpan<char> TakeToken()
    {
        int length = _rest.IndexOfAnyExcept(s_token);
        ReadOnlySpan<char> token = length < 0 ? _rest : _rest[..length];
        _rest = _rest[token.Length..];
        return token;
    }
}
