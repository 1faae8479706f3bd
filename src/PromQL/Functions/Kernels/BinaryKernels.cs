using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Narthex.PromQL.Syntax;

namespace Narthex.PromQL.Functions.Kernels;

/// <summary>An arithmetic operation on numbers, alone and side by side.</summary>
internal interface IArithmetic
{
    static abstract bool IsVectorised { get; }

    static abstract double Apply(double left, double right);

    // Only asked for if IsVectorised: operators without vector instructions have none of their own.
    static virtual Vector<double> Apply(Vector<double> left, Vector<double> right) => throw new UnreachableException();
}

/// <summary>Binary operators over columns: one specialised loop for each operator.</summary>
internal static class BinaryKernels
{
    public static bool IsComparison(BinaryOperator operation) => operation is >= BinaryOperator.Equal and <= BinaryOperator.GreaterOrEqual;

    /// <summary>Whether the operator makes a new quantity, so that the metric's name no longer fits.</summary>
    public static bool ChangesSchema(BinaryOperator operation) => operation is
        BinaryOperator.Add or BinaryOperator.Subtract or BinaryOperator.Multiply or BinaryOperator.Divide or BinaryOperator.Modulo
        or BinaryOperator.Power or BinaryOperator.Atan2;

    public static string Sign(BinaryOperator operation) => operation switch
    {
        BinaryOperator.Add => "+",
        BinaryOperator.Subtract => "-",
        BinaryOperator.Multiply => "*",
        BinaryOperator.Divide => "/",
        BinaryOperator.Modulo => "%",
        BinaryOperator.Power => "^",
        BinaryOperator.Atan2 => "atan2",
        BinaryOperator.Equal => "==",
        BinaryOperator.NotEqual => "!=",
        BinaryOperator.Less => "<",
        BinaryOperator.LessOrEqual => "<=",
        BinaryOperator.Greater => ">",
        BinaryOperator.GreaterOrEqual => ">=",
        BinaryOperator.TrimUpper => "</",
        BinaryOperator.TrimLower => ">/",
        _ => operation.ToString().ToLowerInvariant(),
    };

    public static bool Compare(BinaryOperator operation, double left, double right) => operation switch
    {
        BinaryOperator.Equal => left == right,
        BinaryOperator.NotEqual => left != right,
        BinaryOperator.Less => left < right,
        BinaryOperator.LessOrEqual => left <= right,
        BinaryOperator.Greater => left > right,
        _ => left >= right,
    };

    /// <summary>holds[i] = left[i] op right[i], for comparisons.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Compare(BinaryOperator operation, ReadOnlySpan<double> left, ReadOnlySpan<double> right, Span<bool> holds)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(left.Length, holds.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(right.Length, holds.Length);
        ref double leftItem = ref MemoryMarshal.GetReference(left);
        ref double rightItem = ref MemoryMarshal.GetReference(right);
        ref byte target = ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(holds));
        int i = 0;
        for (; i <= holds.Length - Vector512<double>.Count; i += Vector512<double>.Count)
        {
            Vector512<double> l = Vector512.LoadUnsafe(ref leftItem, (nuint)i);
            Vector512<double> r = Vector512.LoadUnsafe(ref rightItem, (nuint)i);
            ulong bits = operation switch
            {
                BinaryOperator.Equal => Vector512.Equals(l, r).ExtractMostSignificantBits(),
                BinaryOperator.NotEqual => ~Vector512.Equals(l, r).ExtractMostSignificantBits() & 0xFF,
                BinaryOperator.Less => Vector512.LessThan(l, r).ExtractMostSignificantBits(),
                BinaryOperator.LessOrEqual => Vector512.LessThanOrEqual(l, r).ExtractMostSignificantBits(),
                BinaryOperator.Greater => Vector512.GreaterThan(l, r).ExtractMostSignificantBits(),
                _ => Vector512.GreaterThanOrEqual(l, r).ExtractMostSignificantBits(),
            };
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref target, i), ToBytes(bits));
        }

        for (; i < holds.Length; i++)
        {
            holds[i] = Compare(operation, left[i], right[i]);
        }
    }

    // A byte of 0 or 1 for each of eight bits, the lowest first. Seven of them are spread by a product in which no two meet.
    private static ulong ToBytes(ulong bits)
    {
        ulong spread = ((bits & 0x7F) * 0x0002_0408_1020_4081UL & 0x0101_0101_0101_0101UL) | (bits >> 7 << 56);
        return BitConverter.IsLittleEndian ? spread : System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(spread);
    }

    /// <summary>result[i] = left[i] op right[i], for arithmetic operators. The result may be one of the operands.</summary>
    public static void Compute(BinaryOperator operation, ReadOnlySpan<double> left, ReadOnlySpan<double> right, Span<double> result)
    {
        switch (operation)
        {
            case BinaryOperator.Add:
                Compute<Addition>(left, right, result);
                break;
            case BinaryOperator.Subtract:
                Compute<Subtraction>(left, right, result);
                break;
            case BinaryOperator.Multiply:
                Compute<Multiplication>(left, right, result);
                break;
            case BinaryOperator.Divide:
                Compute<Division>(left, right, result);
                break;
            case BinaryOperator.Modulo:
                Compute<Remainder>(left, right, result);
                break;
            case BinaryOperator.Power:
                Compute<Exponentiation>(left, right, result);
                break;
            default:
                Compute<ArcTangent>(left, right, result);
                break;
        }
    }

    private static void Compute<TOperation>(ReadOnlySpan<double> left, ReadOnlySpan<double> right, Span<double> result)
        where TOperation : struct, IArithmetic
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(right.Length, left.Length);
        ArgumentOutOfRangeException.ThrowIfLessThan(result.Length, left.Length);
        int i = 0;
        if (TOperation.IsVectorised)
        {
            for (; i <= left.Length - Vector<double>.Count; i += Vector<double>.Count)
            {
                TOperation.Apply(new Vector<double>(left[i..]), new Vector<double>(right[i..])).CopyTo(result[i..]);
            }
        }

        for (; i < left.Length; i++)
        {
            result[i] = TOperation.Apply(left[i], right[i]);
        }
    }

    private readonly struct Addition : IArithmetic
    {
        public static bool IsVectorised => true;

        public static double Apply(double left, double right) => left + right;

        public static Vector<double> Apply(Vector<double> left, Vector<double> right) => left + right;
    }

    private readonly struct Subtraction : IArithmetic
    {
        public static bool IsVectorised => true;

        public static double Apply(double left, double right) => left - right;

        public static Vector<double> Apply(Vector<double> left, Vector<double> right) => left - right;
    }

    private readonly struct Multiplication : IArithmetic
    {
        public static bool IsVectorised => true;

        public static double Apply(double left, double right) => left * right;

        public static Vector<double> Apply(Vector<double> left, Vector<double> right) => left * right;
    }

    private readonly struct Division : IArithmetic
    {
        public static bool IsVectorised => true;

        public static double Apply(double left, double right) => left / right;

        public static Vector<double> Apply(Vector<double> left, Vector<double> right) => left / right;
    }

    private readonly struct Remainder : IArithmetic
    {
        public static bool IsVectorised => false;

        public static double Apply(double left, double right) => left % right;
    }

    private readonly struct Exponentiation : IArithmetic
    {
        public static bool IsVectorised => false;

        public static double Apply(double left, double right) => Math.Pow(left, right);
    }

    private readonly struct ArcTangent : IArithmetic
    {
        public static bool IsVectorised => false;

        public static double Apply(double left, double right) => Math.Atan2(left, right);
    }
}
