using System.Globalization;
using System.Runtime.CompilerServices;
using Narthex.Model;
using Narthex.PromQL.Functions;
using Narthex.PromQL.Syntax.Lexing;

namespace Narthex.PromQL.Syntax.Parsing;

/// <summary>The grammar of expressions: precedence climbing over operators, recursive descent below.</summary>
internal sealed partial class ExpressionParser(byte[] input, ParserOptions options, List<PromQLParseError> errors)
{
    // Real queries nest some dozen levels deep. The limits keep every later walk over the tree within the stack.
    private const int DepthMax = 500;
    private const int OperatorsMax = 2500;

    private const int UnaryPrecedence = 5;
    private const int PowerPrecedence = 6;

    private const string ModifierNeedsSelector = "modifier must be preceded by an instant vector selector or range vector selector or a subquery";

    private readonly TokenReader _tokens = new(input, errors);
    private int _depth;
    private int _operators;

    private int LastEnd => _tokens.LastEnd;

    public Expression ParseQuery()
    {
        if (_tokens.Current.Kind == TokenKind.EndOfInput)
        {
            // Whatever spaces and comments there are, the place is the start.
            throw _tokens.Fail(default, "no expression found in input");
        }

        Expression expression = ParseBinary(0);
        _tokens.Expect(TokenKind.EndOfInput, "", "");
        return expression;
    }

    public VectorSelector ParseSelectorOnly() => ParseSelector(isWhole: true);

    /// <summary>A selector; unless it <paramref name="isWhole"/>, with anything behind it.</summary>
    public VectorSelector ParseSelector(bool isWhole)
    {
        if (_tokens.Current.Kind != TokenKind.LeftBrace && !IsMetricName(_tokens.Current.Kind))
        {
            throw _tokens.Unexpected(isWhole ? "" : SeriesFaults.InSeriesValues[3..], "");
        }

        VectorSelector selector = ParseVectorSelector();
        if (isWhole)
        {
            _tokens.Expect(TokenKind.EndOfInput, "", "");
        }

        return selector;
    }

    private static (BinaryOperator Operator, int Precedence)? FindOperator(TokenKind kind) => kind switch
    {
        TokenKind.Lor => (BinaryOperator.Or, 1),
        TokenKind.Land => (BinaryOperator.And, 2),
        TokenKind.Lunless => (BinaryOperator.Unless, 2),
        TokenKind.Eqlc => (BinaryOperator.Equal, 3),
        TokenKind.Neq => (BinaryOperator.NotEqual, 3),
        TokenKind.Lss => (BinaryOperator.Less, 3),
        TokenKind.Lte => (BinaryOperator.LessOrEqual, 3),
        TokenKind.Gtr => (BinaryOperator.Greater, 3),
        TokenKind.Gte => (BinaryOperator.GreaterOrEqual, 3),
        TokenKind.TrimUpper => (BinaryOperator.TrimUpper, 3),
        TokenKind.TrimLower => (BinaryOperator.TrimLower, 3),
        TokenKind.Add => (BinaryOperator.Add, 4),
        TokenKind.Sub => (BinaryOperator.Subtract, 4),
        TokenKind.Mul => (BinaryOperator.Multiply, UnaryPrecedence),
        TokenKind.Div => (BinaryOperator.Divide, UnaryPrecedence),
        TokenKind.Mod => (BinaryOperator.Modulo, UnaryPrecedence),
        TokenKind.Atan2 => (BinaryOperator.Atan2, UnaryPrecedence),
        TokenKind.Pow => (BinaryOperator.Power, PowerPrecedence),
        _ => null,
    };

    private void Enter()
    {
        if (++_depth > DepthMax || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw _tokens.Fail(_tokens.Current.Position, "expression nests too deeply");
        }
    }

    private Expression ParseBinary(int minPrecedence)
    {
        Enter();
        Expression left = ParseUnary();
        while (FindOperator(_tokens.Current.Kind) is { } found && found.Precedence >= minPrecedence)
        {
            if (++_operators > OperatorsMax)
            {
                throw _tokens.Fail(_tokens.Current.Position, "too many operators in expression");
            }

            _tokens.Take();
            (VectorMatching matching, bool returnsBool) = ParseBinaryModifiers(found.Operator);

            // Only the power operator groups to the right.
            Expression right = ParseBinary(found.Operator == BinaryOperator.Power ? found.Precedence : found.Precedence + 1);
            left = new BinaryExpression(found.Operator, left, right)
            {
                Matching = matching,
                ReturnsBool = returnsBool,
                Position = new(left.Position.Start, right.Position.End),
            };
        }

        _depth--;
        return left;
    }

    private Expression ParseUnary()
    {
        if (_tokens.Current.Kind is not (TokenKind.Add or TokenKind.Sub))
        {
            return ParsePostfix();
        }

        Token sign = _tokens.Take();
        bool isNegation = sign.Kind == TokenKind.Sub;
        Expression operand = ParseBinary(PowerPrecedence);
        PositionRange position = new(sign.Start, operand.Position.End);
        return operand is NumberLiteral number
            ? number with { Value = isNegation ? -number.Value : number.Value, Position = position }
            : new UnaryExpression(isNegation, operand) { Position = position };
    }

    private Expression ParsePostfix()
    {
        Expression expression = ParsePrimary();
        for (int count = 0; ; count++)
        {
            if (count > DepthMax)
            {
                throw _tokens.Fail(_tokens.Current.Position, "expression nests too deeply");
            }

            switch (_tokens.Current.Kind)
            {
                case TokenKind.LeftBracket:
                    expression = ParseRange(expression);
                    break;
                case TokenKind.Offset:
                    _tokens.Take();
                    expression = ApplyOffset(expression, ParseOffsetDuration());
                    break;
                case TokenKind.At:
                    expression = ParseAt(expression);
                    break;
                case TokenKind.Anchored or TokenKind.Smoothed:
                    expression = ApplyExtension(expression, _tokens.Take());
                    break;
                default:
                    return expression;
            }
        }
    }

    private Expression ParsePrimary()
    {
        Token token = _tokens.Current;
        switch (token.Kind)
        {
            case TokenKind.Number or TokenKind.Duration:
                _tokens.Take();
                return ReadNumber(token);
            case TokenKind.String:
                _tokens.Take();
                return new StringLiteral(token.Text) { Position = token.Position };
            case TokenKind.LeftParen:
                _tokens.Take();
                Expression inner = ParseBinary(0);
                _tokens.Expect(TokenKind.RightParen, "", "");
                return new ParenExpression(inner) { Position = new(token.Start, LastEnd) };
            case TokenKind.LeftBrace:
                return ParseVectorSelector();
        }

        TokenKind next = IsMetricName(token.Kind) ? _tokens.Peek().Kind : TokenKind.EndOfInput;
        if (token.IsAggregation && IsAggregationStart(next, token))
        {
            return ParseAggregation();
        }

        if (next == TokenKind.LeftParen
            && token.Kind is TokenKind.Identifier or TokenKind.Start or TokenKind.End or TokenKind.Step or TokenKind.Range)
        {
            return ParseCall();
        }

        return IsMetricName(token.Kind) ? ParseVectorSelector() : throw _tokens.Unexpected("", "");
    }

    // "sum" alone is a metric; "sum foo" is an aggregation with a fault in it.
    private static bool IsAggregationStart(TokenKind next, Token token) =>
        next is TokenKind.LeftParen or TokenKind.By or TokenKind.Without
        || (token.IsAggregation && next is TokenKind.Identifier or TokenKind.MetricIdentifier or TokenKind.Number or TokenKind.Duration or TokenKind.String);

    private NumberLiteral ReadNumber(Token token)
    {
        double value = 0;
        if (token.Kind == TokenKind.Duration)
        {
            value = ReadDurationMs(token) / 1000.0;
        }
        else if (!NumberText.TryParse(token.Text, out value))
        {
            _tokens.AddError(
                token.Position,
                $"error parsing number: strconv.ParseFloat: parsing {GoQuote.Quote(token.Text)}: {(double.IsInfinity(value) ? "value out of range" : "invalid syntax")}");
        }

        return new NumberLiteral(value, token.Kind == TokenKind.Duration) { Position = token.Position };
    }

    private long ReadDurationMs(Token token)
    {
        if (!PrometheusDuration.TryParseMilliseconds(token.Text, out long milliseconds, out string? error))
        {
            _tokens.AddError(token.Position, error!);
        }

        return milliseconds;
    }

    private Expression ParseRange(Expression inner)
    {
        Token open = _tokens.Take();
        DurationExpression range = ParseDuration(0, RangeContext, RangeExpected);
        if (_tokens.TryTake(TokenKind.Colon))
        {
            DurationExpression? step = _tokens.Current.Kind == TokenKind.RightBracket ? null : ParseDuration(0, "subquery selector", DurationExpected + " or \"]\"");
            _tokens.Expect(TokenKind.RightBracket, "subquery selector", "\"]\"");
            return new SubqueryExpression(inner, ToPositiveValue(range), step is null ? null : ToPositiveValue(step))
            {
                Position = new(inner.Position.Start, LastEnd),
            };
        }

        _tokens.Expect(TokenKind.RightBracket, "subquery or range", "\":\" or \"]\"");
        DurationValue value = ToPositiveValue(range);
        PositionRange brackets = new(open.Start, LastEnd);
        PositionRange position = new(inner.Position.Start, LastEnd);
        if (inner is not VectorSelector selector)
        {
            _tokens.AddError(brackets, "ranges only allowed for vector selectors");
            return new MatrixSelector(s_notASelector, value) { Position = position };
        }

        if (selector.Offset != default)
        {
            _tokens.AddError(brackets, "no offset modifiers allowed before range");
        }
        else if (selector.At.Kind != AtKind.None)
        {
            _tokens.AddError(brackets, "no @ modifiers allowed before range");
        }

        return new MatrixSelector(selector, value) { Position = position };
    }

    // Stands in where a range follows something else; that is reported, and nothing else about it.
    private static readonly VectorSelector s_notASelector = new("", []);

    private bool ReportNotASelector(Expression expression)
    {
        if (expression is MatrixSelector { Selector: var selector } && ReferenceEquals(selector, s_notASelector))
        {
            _tokens.AddError(expression.Position, "ranges only allowed for vector selectors");
            return true;
        }

        return false;
    }

    private Expression ApplyOffset(Expression expression, DurationValue offset)
    {
        DurationValue? present = expression switch
        {
            VectorSelector selector => selector.Offset,
            MatrixSelector matrix => matrix.Selector.Offset,
            SubqueryExpression subquery => subquery.Offset,
            _ => null,
        };
        if (present is null)
        {
            _tokens.AddError(expression.Position, "offset " + ModifierNeedsSelector);
            return expression;
        }

        if (ReportNotASelector(expression))
        {
            return expression;
        }

        if (present != default(DurationValue))
        {
            _tokens.AddError(expression.Position, "offset may not be set multiple times");
        }

        PositionRange position = new(expression.Position.Start, LastEnd);
        return expression switch
        {
            VectorSelector selector => selector with { Offset = offset, Position = position },
            MatrixSelector matrix => matrix with { Selector = matrix.Selector with { Offset = offset }, Position = position },
            _ => ((SubqueryExpression)expression) with { Offset = offset, Position = position },
        };
    }

    private Expression ParseAt(Expression expression)
    {
        _tokens.Take();
        AtModifier at;
        if (_tokens.Current.Kind is TokenKind.Start or TokenKind.End)
        {
            at = new AtModifier(_tokens.Take().Kind == TokenKind.Start ? AtKind.Start : AtKind.End);
            _tokens.Expect(TokenKind.LeftParen, "@", "timestamp");
            _tokens.Expect(TokenKind.RightParen, "@", "timestamp");
        }
        else
        {
            double sign = 1;
            if (_tokens.Current.Kind is TokenKind.Add or TokenKind.Sub)
            {
                sign = _tokens.Take().Kind == TokenKind.Sub ? -1 : 1;
            }

            NumberLiteral number = ReadNumber(_tokens.Expect(TokenKind.Number, "@", "timestamp"));
            double timestamp = sign * number.Value;
            if (double.IsNaN(timestamp) || Math.Abs(timestamp) >= long.MaxValue / 1000.0)
            {
                _tokens.AddError(
                    new(expression.Position.Start, LastEnd),
                    "timestamp out of bounds for @ modifier: " + FormatFixed(timestamp));
                timestamp = 0;
            }

            // Rounded half away from zero, as upstream does.
            at = new AtModifier(AtKind.Timestamp, (long)Math.Round(timestamp * 1000, MidpointRounding.AwayFromZero));
        }

        return ApplyAt(expression, at);
    }

    private static string FormatFixed(double value) =>
        double.IsNaN(value) ? "NaN" : double.IsInfinity(value) ? (value > 0 ? "+Inf" : "-Inf") : value.ToString("F6", CultureInfo.InvariantCulture);

    private Expression ApplyAt(Expression expression, AtModifier at)
    {
        AtModifier? present = expression switch
        {
            VectorSelector selector => selector.At,
            MatrixSelector matrix => matrix.Selector.At,
            SubqueryExpression subquery => subquery.At,
            _ => null,
        };
        if (present is null)
        {
            _tokens.AddError(expression.Position, "@ " + ModifierNeedsSelector);
            return expression;
        }

        if (ReportNotASelector(expression))
        {
            return expression;
        }

        if (present.Value.Kind != AtKind.None)
        {
            _tokens.AddError(expression.Position, "@ <timestamp> may not be set multiple times");
        }

        PositionRange position = new(expression.Position.Start, LastEnd);
        return expression switch
        {
            VectorSelector selector => selector with { At = at, Position = position },
            MatrixSelector matrix => matrix with { Selector = matrix.Selector with { At = at }, Position = position },
            _ => ((SubqueryExpression)expression) with { At = at, Position = position },
        };
    }

    private Expression ApplyExtension(Expression expression, Token word)
    {
        SelectorExtension extension = word.Kind == TokenKind.Anchored ? SelectorExtension.Anchored : SelectorExtension.Smoothed;
        string name = word.Kind == TokenKind.Anchored ? "anchored" : "smoothed";
        if (!options.EnableExtendedRangeSelectors)
        {
            _tokens.AddError(expression.Position, name + " modifier is experimental and not enabled");
            return expression;
        }

        VectorSelector? selector = expression as VectorSelector ?? (expression as MatrixSelector)?.Selector;
        if (selector is null)
        {
            _tokens.AddError(expression.Position, name + " modifier not implemented");
            return expression;
        }

        if (ReferenceEquals(selector, s_notASelector))
        {
            return expression;
        }

        if (selector.Extension != SelectorExtension.None)
        {
            _tokens.AddError(
                expression.Position,
                selector.Extension == extension ? name + " modifier may not be set multiple times" : "anchored and smoothed modifiers cannot be used together");
        }

        selector = selector with { Extension = extension };
        PositionRange position = new(expression.Position.Start, LastEnd);
        return expression is MatrixSelector matrix
            ? matrix with { Selector = selector, Position = position }
            : selector with { Position = position };
    }
}
