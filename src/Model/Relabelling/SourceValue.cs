using System.Buffers;

namespace Narthex.Model;

/// <summary>Joins the source labels' values: on the stack, or in a rented array when they are long.</summary>
/// <remarks>A copy even for one label, since the builder's spans do not outlive a change that the rule makes.</remarks>
internal ref struct SourceValue(Span<byte> stack)
{
    private Span<byte> _buffer = stack;
    private byte[]? _rented;

    public ReadOnlySpan<byte> Join(RelabelConfig rule, LabelsBuilder builder)
    {
        int length = 0;
        byte[][] names = rule.SourceLabelsUtf8;
        for (int i = 0; i < names.Length; i++)
        {
            if (i > 0)
            {
                Append(rule.SeparatorUtf8, ref length);
            }

            Append(builder.Get(names[i]), ref length);
        }

        return _buffer[..length];
    }

    public readonly void Dispose()
    {
        if (_rented is not null)
        {
            ArrayPool<byte>.Shared.Return(_rented);
        }
    }

    private void Append(ReadOnlySpan<byte> text, ref int length)
    {
        if (text.Length > _buffer.Length - length)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(_buffer.Length * 2, length + text.Length));
            _buffer[..length].CopyTo(larger);
            Dispose();
            _rented = larger;
            _buffer = larger;
        }

        text.CopyTo(_buffer[length..]);
        length += text.Length;
    }
}
