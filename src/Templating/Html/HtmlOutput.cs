using System.Text;
using Narthex.Templating.Execution;
using Narthex.Templating.Text;

namespace Narthex.Templating.Html;

/// <summary>Follows the page that a template writes and escapes each value for the place where it stands, so that no value can leave it.</summary>
/// <remarks>Go's html/template works this out before it executes; here the page is followed while it is written, which needs no two branches to agree.</remarks>
internal sealed class HtmlOutput : ITemplateOutput
{
    private readonly StringBuilder _page = new();
    private readonly StringBuilder _name = new();
    private HtmlPlace _place;
    private string _element = "";
    private string _rawElement = "";
    private bool _closing;
    private AttributeKind _attribute;
    private char _quote;
    private bool _inQuery;
    private bool _valueBegun;
    private char _literalQuote;
    private bool _escaped;

    public override string ToString() => _page.ToString();

    public void Literal(string text)
    {
        for (int at = 0; at < text.Length;)
        {
            at = Step(text, at);
        }
    }

    public void Value(object? value)
    {
        string text = value is null || TemplateValues.IsNone(value) ? "" : GoFormatter.Print(value);
        switch (_place)
        {
            case HtmlPlace.Text:
                _page.Append(value is SafeHtml ? text : HtmlEscaping.Text(text));
                break;
            case HtmlPlace.RawText:
                _page.Append(value is SafeHtml ? HtmlEscaping.Normalize(text) : HtmlEscaping.Text(text));
                break;
            case HtmlPlace.Script:
                _page.Append(InScript(value, text));
                break;
            case HtmlPlace.Style:
                _page.Append(_literalQuote == 0 ? ScriptEscaping.StyleValue(text) : ScriptEscaping.InStyleString(text));
                break;
            case HtmlPlace.Comment:
                break;
            case HtmlPlace.BeforeValue:
                BeginValue('\0');
                AttributeValue(value, text);
                break;
            case HtmlPlace.Value:
                AttributeValue(value, text);
                break;
            default:
                string name = HtmlEscaping.Name(text);
                _page.Append(name);
                if (_place is HtmlPlace.AttributeName or HtmlPlace.TagName)
                {
                    _name.Append(name);
                }
                else if (_place == HtmlPlace.Tag)
                {
                    _name.Clear().Append(name);
                    _place = HtmlPlace.AttributeName;
                }

                break;
        }
    }

    private string InScript(object? value, string text) => _literalQuote == 0 ? ScriptEscaping.Value(value is SafeHtml ? text : value) : ScriptEscaping.InString(text);

    private void AttributeValue(object? value, string text)
    {
        switch (_attribute)
        {
            case AttributeKind.Url:
                text = value is SafeUrl || !_inQuery ? UrlEscaping.Normalize(!_valueBegun && value is not SafeUrl && !UrlEscaping.IsSafe(text) ? UrlEscaping.Refused : text) : UrlEscaping.Escape(text);
                _inQuery |= text.AsSpan().IndexOfAny("?#") >= 0;
                break;
            case AttributeKind.Script:
                text = InScript(value, text);
                break;
            case AttributeKind.Style:
                text = _literalQuote == 0 ? ScriptEscaping.StyleValue(text) : ScriptEscaping.InStyleString(text);
                break;
            default:
                text = value is SafeHtml ? HtmlEscaping.StripTags(text) : text;
                break;
        }

        _valueBegun |= text.Length > 0;
        _page.Append(
            _quote == 0 ? HtmlEscaping.Unquoted(text) : value is SafeHtml && _attribute == AttributeKind.Plain ? HtmlEscaping.Normalize(text) : HtmlEscaping.Text(text));
    }

    /// <summary>Takes in one or more characters of the template; returns the place behind them.</summary>
    private int Step(string text, int at)
    {
        char c = text[at];
        switch (_place)
        {
            case HtmlPlace.Comment:
                if (string.CompareOrdinal(text, at, "-->", 0, 3) == 0)
                {
                    _place = HtmlPlace.Text;
                    return at + 3;
                }

                return at + 1;
            case HtmlPlace.Text when string.CompareOrdinal(text, at, "<!--", 0, 4) == 0:
                // Comments are for the authors of the template.
                _place = HtmlPlace.Comment;
                return at + 4;
            case HtmlPlace.Text when c == '<' && at + 1 < text.Length && (char.IsAsciiLetter(text[at + 1]) || text[at + 1] == '/'):
                _closing = text[at + 1] == '/';
                _name.Clear();
                _place = HtmlPlace.TagName;
                _page.Append(_closing ? "</" : "<");
                return at + (_closing ? 2 : 1);
            case HtmlPlace.Text when c == '<' && at + 1 == text.Length:
                _closing = false;
                _name.Clear();
                _place = HtmlPlace.TagName;
                break;
            case HtmlPlace.RawText or HtmlPlace.Script or HtmlPlace.Style:
                return StepRaw(text, at);
            case HtmlPlace.TagName or HtmlPlace.Tag or HtmlPlace.AttributeName or HtmlPlace.AfterName or HtmlPlace.BeforeValue:
                InTag(c);
                break;
            case HtmlPlace.Value:
                InValue(c);
                break;
        }

        _page.Append(c);
        return at + 1;
    }

    private int StepRaw(string text, int at)
    {
        string end = "</" + _rawElement;
        if (text[at] == '<' && string.Compare(text, at, end, 0, end.Length, StringComparison.OrdinalIgnoreCase) == 0)
        {
            _page.Append(text, at, end.Length);
            _name.Clear().Append(_rawElement);
            _closing = true;
            _literalQuote = '\0';
            _place = HtmlPlace.TagName;
            return at + end.Length;
        }

        FollowLiteral(text[at]);
        _page.Append(text[at]);
        return at + 1;
    }

    // String literals of scripts and style sheets.
    private void FollowLiteral(char c)
    {
        if (_place == HtmlPlace.RawText)
        {
            return;
        }

        if (_literalQuote == 0)
        {
            _literalQuote = c is '"' or '\'' or '`' ? c : '\0';
            _escaped = false;
        }
        else if (_escaped)
        {
            _escaped = false;
        }
        else if (c == '\\')
        {
            _escaped = true;
        }
        else if (c == _literalQuote || (c == '\n' && _literalQuote != '`'))
        {
            _literalQuote = '\0';
        }
    }

    private void InTag(char c)
    {
        if (_place == HtmlPlace.BeforeValue && c is '"' or '\'' && _place == HtmlPlace.BeforeValue)
        {
            BeginValue(c);
            return;
        }

        switch (c)
        {
            case '>':
                EndName();
                _place = _closing ? HtmlPlace.Text : HtmlContexts.Inside(_element);
                _rawElement = _element;
                break;
            case ' ' or '\t' or '\n' or '\r' or '\f' or '/':
                if (_place == HtmlPlace.BeforeValue)
                {
                    break;
                }

                bool wasAttribute = _place is HtmlPlace.AttributeName or HtmlPlace.AfterName;
                EndName();
                _place = wasAttribute ? HtmlPlace.AfterName : HtmlPlace.Tag;
                break;
            case '=' when _place is HtmlPlace.AttributeName or HtmlPlace.AfterName:
                _attribute = HtmlContexts.AttributeKind(_name.ToString().ToLowerInvariant());
                _place = HtmlPlace.BeforeValue;
                break;
            default:
                if (_place == HtmlPlace.BeforeValue)
                {
                    BeginValue('\0');
                    InValue(c);
                    break;
                }

                if (_place is HtmlPlace.Tag or HtmlPlace.AfterName)
                {
                    _name.Clear();
                    _place = HtmlPlace.AttributeName;
                }

                _name.Append(c);
                break;
        }
    }

    private void EndName()
    {
        if (_place == HtmlPlace.TagName)
        {
            _element = _name.ToString().ToLowerInvariant();
        }
    }

    private void BeginValue(char quote)
    {
        _quote = quote;
        _inQuery = false;
        _valueBegun = false;
        _literalQuote = '\0';
        _place = HtmlPlace.Value;
    }

    private void InValue(char c)
    {
        bool ends = _quote == 0 ? c is ' ' or '\t' or '\n' or '\r' or '\f' or '>' : c == _quote;
        if (ends)
        {
            _literalQuote = '\0';
            _place = HtmlPlace.Tag;
            if (c == '>')
            {
                InTag(c);
            }

            return;
        }

        _valueBegun = true;
        _inQuery |= c is '?' or '#';
        if (_attribute is AttributeKind.Script or AttributeKind.Style)
        {
            HtmlPlace place = _place;
            _place = HtmlPlace.Script;
            FollowLiteral(c);
            _place = place;
        }
    }
}
