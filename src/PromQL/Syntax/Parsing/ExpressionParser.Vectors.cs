using Narthex.Model;
using Narthex.PromQL.Functions;
using Narthex.PromQL.Syntax.Lexing;
using MatchType = Narthex.Model.MatchType;

namespace Narthex.PromQL.Syntax.Parsing;

/// <summary>Selectors, aggregations, calls, and how vectors match.</summary>
internal sealed partial class ExpressionParser
{
    // Words that may name a metric; the others have too many meanings.
    private static bool IsMetricName(TokenKind kind) =>
        kind is TokenKind.Identifier or TokenKind.MetricIdentifier or TokenKind.Land or TokenKind.Lor or TokenKind.Lunless
        || kind is >= TokenKind.Sum and <= TokenKind.LimitRatio
        || kind is TokenKind.By or TokenKind.Without or TokenKind.Offset or TokenKind.Fill or TokenKind.FillLeft or TokenKind.FillRight
            or TokenKind.Anchored or TokenKind.Smoothed or TokenKind.Start or TokenKind.End or TokenKind.Step or TokenKind.Range;

    private static bool IsLabelName(Token token) =>
        token.Kind is TokenKind.Identifier or TokenKind.Land or TokenKind.Lor or TokenKind.Lunless or TokenKind.Atan2 || token.IsAggregation || token.IsKeyword;

    private VectorSelector ParseVectorSelector()
    {
        int start = _tokens.Current.Start;
        string name = "";
        if (_tokens.Current.Kind != TokenKind.LeftBrace)
        {
            name = _tokens.Take().Text;
        }

        var matchers = new List<LabelMatcher>();
        if (_tokens.TryTake(TokenKind.LeftBrace))
        {
            ParseMatchers(matchers);
        }

        if (name.Length > 0)
        {
            matchers.Add(new LabelMatcher(MatchType.Equal, LabelNames.MetricName, name));
        }

        return new VectorSelector(name, matchers) { Position = new(start, LastEnd) };
    }

    private void ParseMatchers(List<LabelMatcher> matchers)
    {
        if (_tokens.TryTake(TokenKind.RightBrace))
        {
            return;
        }

        while (true)
        {
            ParseMatcher(matchers);
            if (_tokens.TryTake(TokenKind.Comma))
            {
                if (_tokens.TryTake(TokenKind.RightBrace))
                {
                    return;
                }
            }
            else
            {
                _tokens.Expect(TokenKind.RightBrace, "label matching", "\",\" or \"}\"");
                return;
            }
        }
    }

    private void ParseMatcher(List<LabelMatcher> matchers)
    {
        Token name = _tokens.Current;
        if (name.Kind is not (TokenKind.Identifier or TokenKind.String))
        {
            throw _tokens.Unexpected("label matching", "identifier or \"}\"");
        }

        _tokens.Take();
        MatchType? type = _tokens.Current.Kind switch
        {
            TokenKind.Eql => MatchType.Equal,
            TokenKind.Neq => MatchType.NotEqual,
            TokenKind.EqlRegex => MatchType.Regex,
            TokenKind.NeqRegex => MatchType.NotRegex,
            _ => null,
        };
        if (type is null)
        {
            // A lone string names the metric.
            if (name.Kind == TokenKind.String && _tokens.Current.Kind is TokenKind.Comma or TokenKind.RightBrace)
            {
                matchers.Add(new LabelMatcher(MatchType.Equal, LabelNames.MetricName, name.Text));
                return;
            }

            throw _tokens.Unexpected("label matching", name.Kind == TokenKind.String ? "\",\" or \"}\"" : "label matching operator");
        }

        _tokens.Take();
        Token value = _tokens.Expect(TokenKind.String, "label matching", "string");
        try
        {
            matchers.Add(new LabelMatcher(type.Value, name.Text, value.Text));
        }
        catch (FormatException e)
        {
            _tokens.AddError(new(name.Start, value.End), e.Message);
        }
    }

    private (VectorMatching Matching, bool ReturnsBool) ParseBinaryModifiers(BinaryOperator operation)
    {
        bool isSetOperator = operation is BinaryOperator.And or BinaryOperator.Or or BinaryOperator.Unless;
        var matching = new VectorMatching { Cardinality = isSetOperator ? MatchCardinality.ManyToMany : MatchCardinality.OneToOne };
        bool returnsBool = _tokens.TryTake(TokenKind.Bool);
        if (_tokens.Current.Kind is TokenKind.On or TokenKind.Ignoring)
        {
            bool isOn = _tokens.Take().Kind == TokenKind.On;
            matching = matching with { IsOn = isOn, Labels = ParseGrouping() };
            if (_tokens.Current.Kind is TokenKind.GroupLeft or TokenKind.GroupRight)
            {
                bool isLeft = _tokens.Take().Kind == TokenKind.GroupLeft;
                matching = matching with
                {
                    Cardinality = isLeft ? MatchCardinality.ManyToOne : MatchCardinality.OneToMany,
                    Include = _tokens.Current.Kind == TokenKind.LeftParen ? ParseGrouping() : [],
                };
            }
        }

        return (ParseFill(matching), returnsBool);
    }

    private VectorMatching ParseFill(VectorMatching matching)
    {
        // Without a parenthesis behind it, the word is a metric's name.
        bool hasLeft = false;
        bool hasRight = false;
        while (_tokens.Current.Kind is TokenKind.Fill or TokenKind.FillLeft or TokenKind.FillRight && _tokens.Peek().Kind == TokenKind.LeftParen)
        {
            Token word = _tokens.Current;
            bool left = word.Kind is TokenKind.Fill or TokenKind.FillLeft;
            bool right = word.Kind is TokenKind.Fill or TokenKind.FillRight;
            if ((left && hasLeft) || (right && hasRight))
            {
                throw _tokens.Unexpected("", "");
            }

            _tokens.Take();
            _tokens.Take();
            double sign = 1;
            if (_tokens.Current.Kind is TokenKind.Add or TokenKind.Sub)
            {
                sign = _tokens.Take().Kind == TokenKind.Sub ? -1 : 1;
            }

            if (_tokens.Current.Kind is not (TokenKind.Number or TokenKind.Duration))
            {
                throw _tokens.Unexpected("fill modifier", "number");
            }

            double value = sign * ReadNumber(_tokens.Take()).Value;
            _tokens.Expect(TokenKind.RightParen, "fill modifier", "\")\"");
            if (!options.EnableBinopFillModifiers)
            {
                _tokens.AddError(word.Position, "binary operation fill modifiers are experimental and not enabled");
            }

            matching = matching with { FillLeft = left ? value : matching.FillLeft, FillRight = right ? value : matching.FillRight };
            hasLeft |= left;
            hasRight |= right;
        }

        return matching;
    }

    private List<string> ParseGrouping()
    {
        _tokens.Expect(TokenKind.LeftParen, "grouping opts", "\"(\"");
        var labels = new List<string>();
        while (!_tokens.TryTake(TokenKind.RightParen))
        {
            Token label = _tokens.Current;
            if (label.Kind != TokenKind.String && !IsLabelName(label))
            {
                throw _tokens.Unexpected("grouping opts", "label");
            }

            _tokens.Take();
            labels.Add(label.Text);
            if (!_tokens.TryTake(TokenKind.Comma) && _tokens.Current.Kind != TokenKind.RightParen)
            {
                throw _tokens.Unexpected("grouping opts", "\",\" or \")\"");
            }
        }

        return labels;
    }

    private AggregateExpression ParseAggregation()
    {
        Token word = _tokens.Take();
        IReadOnlyList<string> grouping = [];
        bool isWithout = false;
        bool hasClause = TryParseClause(ref grouping, ref isWithout);
        if (_tokens.Current.Kind != TokenKind.LeftParen)
        {
            throw _tokens.Unexpected(hasClause ? "aggregation" : "", "");
        }

        _tokens.Take();
        if (_tokens.Current.Kind == TokenKind.Error)
        {
            // Upstream also complains about the arguments when the input ends here.
            _tokens.AddError(_tokens.Current.Position, _tokens.Current.Text);
            throw _tokens.Fail(new(word.Start, 0), "no arguments for aggregate expression provided");
        }

        string enclosing = _tokens.Enclosing;
        _tokens.Enclosing = "aggregation";
        List<Expression> arguments = ParseArguments();
        _tokens.Enclosing = enclosing;
        _ = hasClause || TryParseClause(ref grouping, ref isWithout);

        PositionRange position = new(word.Start, LastEnd);
        AggregationOperator operation = (AggregationOperator)(word.Kind - TokenKind.Sum);
        bool hasParameter = operation is AggregationOperator.TopK or AggregationOperator.BottomK or AggregationOperator.CountValues
            or AggregationOperator.Quantile or AggregationOperator.LimitK or AggregationOperator.LimitRatio;
        if (operation is AggregationOperator.LimitK or AggregationOperator.LimitRatio && !options.EnableExperimentalFunctions)
        {
            _tokens.AddError(
                position,
                $"{(operation == AggregationOperator.LimitK ? "limitk" : "limit_ratio")}() is experimental and must be enabled with --enable-feature=promql-experimental-functions");
        }

        int expected = hasParameter ? 2 : 1;
        if (arguments.Count == 0)
        {
            throw _tokens.Fail(position, "no arguments for aggregate expression provided");
        }

        if (arguments.Count != expected)
        {
            _tokens.AddError(position, $"wrong number of arguments for aggregate expression provided, expected {expected}, got {arguments.Count}");
        }

        return new AggregateExpression(operation, arguments[^1], hasParameter ? arguments[0] : null, grouping, isWithout) { Position = position };
    }

    private bool TryParseClause(ref IReadOnlyList<string> grouping, ref bool isWithout)
    {
        if (_tokens.Current.Kind is not (TokenKind.By or TokenKind.Without))
        {
            return false;
        }

        isWithout = _tokens.Take().Kind == TokenKind.Without;
        grouping = ParseGrouping();
        return true;
    }

    // Behind the opening parenthesis.
    private List<Expression> ParseArguments()
    {
        var arguments = new List<Expression>();
        if (_tokens.TryTake(TokenKind.RightParen))
        {
            return arguments;
        }

        while (true)
        {
            arguments.Add(ParseBinary(0));
            Token comma = _tokens.Current;
            if (!_tokens.TryTake(TokenKind.Comma))
            {
                _tokens.Expect(TokenKind.RightParen, "", "");
                return arguments;
            }

            if (_tokens.Current.Kind is TokenKind.RightParen or TokenKind.Error)
            {
                if (_tokens.Current.Kind == TokenKind.Error)
                {
                    _tokens.AddError(_tokens.Current.Position, _tokens.Current.Text);
                    throw _tokens.Fail(comma.Position, "trailing commas not allowed in function call args");
                }

                _tokens.AddError(comma.Position, "trailing commas not allowed in function call args");
                _tokens.Take();
                return arguments;
            }
        }
    }

    private CallExpression ParseCall()
    {
        Token name = _tokens.Take();
        _tokens.Take();

        // What is wrong inside the parentheses comes first.
        List<Expression> arguments = ParseArguments();
        FunctionSignature? function = FunctionTable.Find(name.Text);
        if (function is null)
        {
            _tokens.AddError(name.Position, $"unknown function with name {GoQuote.Quote(name.Text)}");
        }
        else if (function.IsExperimental && !options.EnableExperimentalFunctions)
        {
            _tokens.AddError(name.Position, $"function {GoQuote.Quote(name.Text)} is not enabled");
        }

        return new CallExpression(function ?? s_unknown, arguments) { Position = new(name.Start, LastEnd) };
    }

    private static readonly FunctionSignature s_unknown = new("", [], ValueType.None);
}
