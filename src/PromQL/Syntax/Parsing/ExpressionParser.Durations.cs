using Narthex.PromQL.Syntax.Lexing;

namespace Narthex.PromQL.Syntax.Parsing;

/// <summary>Ranges, steps and offsets: durations, numbers of seconds, and arithmetic with them.</summary>
internal sealed partial class ExpressionParser
{
    private const string RangeContext = "subquery or range selector";
    private const string DurationExpected = "number, duration, step(), or range()";
    private const string RangeExpected = DurationExpected;

    // What a fault leaves behind: it has no place of its own.
    private static readonly DurationNumber s_faulty = new(0, false);

    private DurationExpression ParseDuration(int minPrecedence, string context, string expected)
    {
        Enter();
        DurationExpression left = ParseDurationPrimary(context, expected);
        while (FindOperator(_tokens.Current.Kind) is { Precedence: >= 4 } found && found.Operator != BinaryOperator.Atan2 && found.Precedence >= minPrecedence)
        {
            if (++_operators > OperatorsMax)
            {
                throw _tokens.Fail(_tokens.Current.Position, "too many operators in expression");
            }

            Token sign = _tokens.Take();
            DurationExpression right = ParseDuration(found.Operator == BinaryOperator.Power ? found.Precedence : found.Precedence + 1, context, expected);
            if (found.Operator is BinaryOperator.Divide or BinaryOperator.Modulo && right is DurationNumber { Seconds: 0 })
            {
                _tokens.AddError(sign.Position, found.Operator == BinaryOperator.Divide ? "division by zero" : "modulo by zero");
                left = s_faulty;
                continue;
            }

            left = new DurationBinary(found.Operator, left, right) { Position = new(left.Position.Start, right.Position.End) };
        }

        _depth--;
        return left;
    }

    private DurationExpression ParseDurationPrimary(string context, string expected)
    {
        Token token = _tokens.Current;
        switch (token.Kind)
        {
            case TokenKind.Number or TokenKind.Duration:
                _tokens.Take();
                NumberLiteral number = ReadNumber(token);
                return CheckBounds(new DurationNumber(number.Value, number.IsDuration) { Position = token.Position });
            case TokenKind.Add or TokenKind.Sub:
                _tokens.Take();
                return Negate(token, ParseDuration(PowerPrecedence, context, expected));
            case TokenKind.LeftParen:
                _tokens.Take();
                DurationExpression inner = ParseDuration(0, context, expected);
                _tokens.Expect(TokenKind.RightParen, context, "\")\"");
                return new DurationParen(inner) { Position = new(token.Start, LastEnd) };
            case TokenKind.Step or TokenKind.Range:
                _tokens.Take();
                _tokens.Expect(TokenKind.LeftParen, context, expected);
                _tokens.Expect(TokenKind.RightParen, context, expected);
                return new DurationQueryValue(token.Kind == TokenKind.Step) { Position = new(token.Start, LastEnd) };
            default:
                return Lexer.IsMinMax(token) ? ParseMinMax(context, expected) : throw _tokens.Unexpected(context, expected);
        }
    }

    // A plus says nothing and is dropped; a minus before a number belongs to the number.
    private static DurationExpression Negate(Token sign, DurationExpression operand)
    {
        PositionRange position = new(sign.Start, operand.Position.End);
        bool isNegation = sign.Kind == TokenKind.Sub;
        return operand is DurationNumber number ? number with { Seconds = isNegation ? -number.Seconds : number.Seconds, Position = position }
            : isNegation ? new DurationUnary(true, operand) { Position = position }
            : operand;
    }

    private DurationMinMax ParseMinMax(string context, string expected)
    {
        Token word = _tokens.Take();
        _tokens.Expect(TokenKind.LeftParen, context, expected);
        DurationExpression left = ParseDuration(0, context, expected);
        _tokens.Expect(TokenKind.Comma, context, "\",\"");
        DurationExpression right = ParseDuration(0, context, expected);
        _tokens.Expect(TokenKind.RightParen, context, "\")\"");
        return new DurationMinMax(word.Text[1] is 'i' or 'I', left, right) { Position = new(word.Start, LastEnd) };
    }

    // An offset without parentheses takes one operand only: "foo offset 5s - 8" subtracts from foo.
    private DurationValue ParseOffsetDuration()
    {
        Token sign = _tokens.Current;
        bool hasSign = sign.Kind is TokenKind.Add or TokenKind.Sub;
        if (hasSign)
        {
            _tokens.Take();
        }

        if (_tokens.Current.Kind is TokenKind.Add or TokenKind.Sub)
        {
            throw _tokens.Unexpected("offset", DurationExpected);
        }

        DurationExpression operand = ParseDurationPrimary("offset", DurationExpected);
        return ToValue(hasSign ? Negate(sign, operand) : operand);
    }

    private DurationNumber CheckBounds(DurationNumber number)
    {
        // Upstream counts nanoseconds in 64 bits.
        if (double.IsNaN(number.Seconds) || Math.Abs(number.Seconds) > long.MaxValue / 1e9)
        {
            _tokens.AddError(number.Position, "duration out of range");
            return number with { Seconds = 1 };
        }

        return number;
    }

    private DurationValue ToPositiveValue(DurationExpression duration)
    {
        if (duration is DurationNumber { Seconds: <= 0 })
        {
            _tokens.AddError(duration.Position, "duration must be greater than 0");
        }

        return ToValue(duration);
    }

    private DurationValue ToValue(DurationExpression duration)
    {
        if (duration is DurationNumber number)
        {
            return new DurationValue((long)Math.Round(number.Seconds * 1000, MidpointRounding.AwayFromZero));
        }

        if (!options.EnableDurationExpressions)
        {
            _tokens.AddError(duration.Position, "experimental duration expression is not enabled");
        }

        return new DurationValue(0, duration);
    }
}
