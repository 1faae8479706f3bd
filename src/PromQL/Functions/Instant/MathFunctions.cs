namespace Narthex.PromQL.Functions.Instant;

/// <summary>A function of one number.</summary>
internal interface IMathFunction
{
    static abstract double Apply(double value);
}

/// <summary>Functions over single values: each a loop over a column, specialised by the JIT.</summary>
internal static class MathFunctions
{
    /// <summary>Replaces each value by the function of it.</summary>
    public delegate void Column(Span<double> values);

    private static readonly Dictionary<string, Column> s_functions = new(StringComparer.Ordinal)
    {
        ["abs"] = Map<Abs>, ["ceil"] = Map<Ceil>, ["floor"] = Map<Floor>, ["exp"] = Map<Exp>, ["sqrt"] = Map<Sqrt>,
        ["ln"] = Map<Ln>, ["log2"] = Map<Log2>, ["log10"] = Map<Log10>, ["sgn"] = Map<Sgn>,
        ["sin"] = Map<Sin>, ["cos"] = Map<Cos>, ["tan"] = Map<Tan>, ["asin"] = Map<Asin>, ["acos"] = Map<Acos>, ["atan"] = Map<Atan>,
        ["sinh"] = Map<Sinh>, ["cosh"] = Map<Cosh>, ["tanh"] = Map<Tanh>, ["asinh"] = Map<Asinh>, ["acosh"] = Map<Acosh>, ["atanh"] = Map<Atanh>,
        ["deg"] = Map<Deg>, ["rad"] = Map<Rad>,
        ["minute"] = Map<Minute>, ["hour"] = Map<Hour>, ["day_of_month"] = Map<DayOfMonth>, ["day_of_week"] = Map<DayOfWeekOf>,
        ["day_of_year"] = Map<DayOfYear>, ["days_in_month"] = Map<DaysInMonth>, ["month"] = Map<Month>, ["year"] = Map<Year>,
    };

    public static bool TryGet(string name, out Column function) => s_functions.TryGetValue(name, out function!);

    /// <summary>Whether it may be called without an argument, and then looks at the evaluation time.</summary>
    public static bool IsDateFunction(string name) => name is
        "minute" or "hour" or "day_of_month" or "day_of_week" or "day_of_year" or "days_in_month" or "month" or "year";

    private static void Map<TFunction>(Span<double> values)
        where TFunction : struct, IMathFunction
    {
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = TFunction.Apply(values[i]);
        }
    }

    private readonly struct Abs : IMathFunction { public static double Apply(double value) => Math.Abs(value); }

    private readonly struct Ceil : IMathFunction { public static double Apply(double value) => Math.Ceiling(value); }

    private readonly struct Floor : IMathFunction { public static double Apply(double value) => Math.Floor(value); }

    private readonly struct Exp : IMathFunction { public static double Apply(double value) => Math.Exp(value); }

    private readonly struct Sqrt : IMathFunction { public static double Apply(double value) => Math.Sqrt(value); }

    private readonly struct Ln : IMathFunction { public static double Apply(double value) => Math.Log(value); }

    private readonly struct Log2 : IMathFunction { public static double Apply(double value) => Math.Log2(value); }

    private readonly struct Log10 : IMathFunction { public static double Apply(double value) => Math.Log10(value); }

    private readonly struct Sgn : IMathFunction { public static double Apply(double value) => value < 0 ? -1 : value > 0 ? 1 : value; }

    private readonly struct Sin : IMathFunction { public static double Apply(double value) => Math.Sin(value); }

    private readonly struct Cos : IMathFunction { public static double Apply(double value) => Math.Cos(value); }

    private readonly struct Tan : IMathFunction { public static double Apply(double value) => Math.Tan(value); }

    private readonly struct Asin : IMathFunction { public static double Apply(double value) => Math.Asin(value); }

    private readonly struct Acos : IMathFunction { public static double Apply(double value) => Math.Acos(value); }

    private readonly struct Atan : IMathFunction { public static double Apply(double value) => Math.Atan(value); }

    private readonly struct Sinh : IMathFunction { public static double Apply(double value) => Math.Sinh(value); }

    private readonly struct Cosh : IMathFunction { public static double Apply(double value) => Math.Cosh(value); }

    private readonly struct Tanh : IMathFunction { public static double Apply(double value) => Math.Tanh(value); }

    private readonly struct Asinh : IMathFunction { public static double Apply(double value) => Math.Asinh(value); }

    private readonly struct Acosh : IMathFunction { public static double Apply(double value) => Math.Acosh(value); }

    private readonly struct Atanh : IMathFunction { public static double Apply(double value) => Math.Atanh(value); }

    private readonly struct Deg : IMathFunction { public static double Apply(double value) => value * 180 / Math.PI; }

    private readonly struct Rad : IMathFunction { public static double Apply(double value) => value * Math.PI / 180; }

    private readonly struct Minute : IMathFunction { public static double Apply(double value) => CivilDate.SecondOfDay(value) / 60 % 60; }

    private readonly struct Hour : IMathFunction { public static double Apply(double value) => CivilDate.SecondOfDay(value) / 3600; }

    private readonly struct DayOfMonth : IMathFunction { public static double Apply(double value) => CivilDate.Of(value).Day; }

    private readonly struct DayOfWeekOf : IMathFunction { public static double Apply(double value) => CivilDate.DayOfWeek(value); }

    private readonly struct DayOfYear : IMathFunction { public static double Apply(double value) => CivilDate.Of(value).DayOfYear; }

    private readonly struct DaysInMonth : IMathFunction { public static double Apply(double value) => CivilDate.Of(value).DaysInMonth; }

    private readonly struct Month : IMathFunction { public static double Apply(double value) => CivilDate.Of(value).Month; }

    private readonly struct Year : IMathFunction { public static double Apply(double value) => CivilDate.Of(value).Year; }
}

/// <summary>The Gregorian calendar in UTC over all 64-bit seconds, which <see cref="DateTime"/> does not reach.</summary>
/// <param name="Year">The year.</param>
/// <param name="Month">1 to 12.</param>
/// <param name="Day">1 to 31.</param>
internal readonly record struct CivilDate(long Year, int Month, int Day)
{
    public int DaysInMonth => Month == 2 ? (IsLeap ? 29 : 28) : Month is 4 or 6 or 9 or 11 ? 30 : 31;

    public int DayOfYear
    {
        get
        {
            int days = Day;
            for (int month = 1; month < Month; month++)
            {
                days += new CivilDate(Year, month, 1).DaysInMonth;
            }

            return days;
        }
    }

    private bool IsLeap => Year % 4 == 0 && (Year % 100 != 0 || Year % 400 == 0);

    public static long SecondOfDay(double seconds) => Modulo(WholeSeconds(seconds), 86_400);

    public static long DayOfWeek(double seconds) => Modulo(DaysSinceEpoch(seconds) + 4, 7);

    // Counts years from March, so that the leap day is the last of its year; 146,097 days make 400 years.
    public static CivilDate Of(double seconds)
    {
        long days = DaysSinceEpoch(seconds) + 719_468;
        long era = (long)Math.Floor(days / 146_097.0);
        long dayOfEra = days - (era * 146_097);
        long yearOfEra = (dayOfEra - (dayOfEra / 1460) + (dayOfEra / 36_524) - (dayOfEra / 146_096)) / 365;
        long dayOfYear = dayOfEra - ((365 * yearOfEra) + (yearOfEra / 4) - (yearOfEra / 100));
        long shifted = ((5 * dayOfYear) + 2) / 153;
        int day = (int)(dayOfYear - (((153 * shifted) + 2) / 5) + 1);
        int month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
        return new CivilDate(yearOfEra + (era * 400) + (month <= 2 ? 1 : 0), month, day);
    }

    private static Int128 DaysSinceEpoch128(double seconds)
    {
        Int128 whole = WholeSeconds(seconds);
        return (whole - Modulo(whole, 86_400)) / 86_400;
    }

    private static long DaysSinceEpoch(double seconds) => (long)DaysSinceEpoch128(seconds);

    // What no 64-bit integer holds, NaN included, becomes the smallest one, and the earliest seconds of all come round
    // to the far future: the clock of the language that upstream is written in shows in its answers.
    private static Int128 WholeSeconds(double seconds)
    {
        long whole = seconds is >= -9223372036854775808.0 and < 9223372036854775808.0 ? (long)seconds : long.MinValue;
        return whole < EarliestSecond ? whole + ((Int128)1 << 64) : whole;
    }

    private const long EarliestSecond = -9_223_372_028_715_321_600;

    private static long Modulo(Int128 value, long divisor) => (long)(((value % divisor) + divisor) % divisor);

    private static long Modulo(long value, long divisor) => ((value % divisor) + divisor) % divisor;
}
